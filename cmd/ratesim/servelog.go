package main

import (
	"context"
	"fmt"
	"os"

	"ratesim/provider/mock"
	"ratesim/provider/mock/admin"
)

// requestLog is the file of --log. Without a name there is none.
//
// The name - is standard error: standard output has the addresses and the grades, which
// programs read.
type requestLog struct {
	name string
	log  *admin.Log // nil until open, which is before the server takes requests
	file *os.File   // nil = standard error
}

// record takes down one request.
func (l *requestLog) record(r mock.Record) { l.log.Record(r) }

// open begins the log. It comes after the addresses are taken, so that a server that
// cannot start does not empty the log of one that runs.
func (l *requestLog) open(ctx context.Context, s *streams, tenants map[string]string) error {
	to := s.err
	switch l.name {
	case "":
		return nil
	case "-":
	default:
		file, err := hearing(ctx, func() (*os.File, error) { // a named pipe waits for its reader
			return os.OpenFile(l.name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o644)
		})
		if err != nil {
			return inputError{fmt.Errorf("--log: %w", err)}
		}
		l.file, to = file, file
	}
	l.log = admin.NewLog(to, tenants, func(err error) {
		fmt.Fprintf(printable{s.err}, "ratesim: warning: --log: %v; nothing more is logged\n", err)
	})
	return nil
}

// close ends the log. It returns err, with which the server has ended, or else what is
// wrong with the log.
func (l *requestLog) close(s *streams, err error) error {
	if l.log == nil {
		return err
	}
	var bad error
	if lost := l.log.Close(); lost > 0 {
		bad = fmt.Errorf("--log: %s lacks %d requests: it could not be written, or not as fast as they came", l.name, lost)
	}
	if l.file != nil {
		if shut := l.file.Close(); bad == nil && shut != nil {
			bad = fmt.Errorf("--log: %w", shut)
		}
	}
	if err != nil && bad != nil { // only one of them is told by who prints errors
		fmt.Fprintf(printable{s.err}, "ratesim: warning: %v\n", bad)
		return err
	}
	if err == nil {
		err = bad
	}
	return err
}
