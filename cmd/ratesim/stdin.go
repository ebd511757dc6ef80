package main

import (
	"errors"
	"fmt"
	"io"
)

// stdinName is what messages call standard input.
const stdinName = "<stdin>"

// maxLog bounds a log that is kept in memory because it comes through a pipe.
const maxLog = 1 << 30

// readLog reads a usage log of standard input, which every strategy of every replication
// reads again.
func (s *streams) readLog() ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(s.in, maxLog+1))
	if err != nil {
		return nil, fmt.Errorf("reading the log from standard input: %w", err)
	}
	if len(data) > maxLog {
		return nil, inputError{errors.New("the log on standard input is larger than 1 GiB; save it to a file and name that")}
	}
	return data, nil
}
