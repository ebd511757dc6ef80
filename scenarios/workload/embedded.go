package workload

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// embedded holds the traces that come with the program; data/README.md says
// where they are from and under which licence.
//
//go:embed data/*.csv
var embedded embed.FS

// Embedded returns the names of the embedded traces, sorted.
func Embedded() []string {
	var names []string
	entries, _ := embedded.ReadDir("data") // cannot fail: the folder is part of the program
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".csv"))
	}
	return names
}

// Log is a usage log of single requests. A name without slash or dot that is embedded
// means the embedded trace; a file of that name is reached as ./name.
type Log struct {
	Name   string // of an embedded trace, or the path of a file
	Format string // one of FormatNames; "" tells it by the beginning
	Data   []byte // what is in it, where that is in no file: of standard input
}

// Open opens the log. The caller closes the reader. Errors are of type *FileError.
func (l *Log) Open() (*TraceReader, error) {
	if l.Data != nil {
		return NewTraceReader(l.Name, bytes.NewReader(l.Data), l.Format)
	}
	f, err := openFile(l.Name)
	if err != nil {
		return nil, err
	}
	t, err := NewTraceReader(l.Name, f, l.Format)
	if err != nil {
		f.Close()
		return nil, err
	}
	t.closer = f
	return t, nil
}

func openFile(file string) (io.ReadCloser, error) {
	if !strings.ContainsAny(file, `/\.`) {
		if f, err := embedded.Open("data/" + file + ".csv"); err == nil {
			return f, nil
		}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, cannotOpen(file, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file; a trace is read more than once, so save it to a file first")
	}
	if err != nil {
		f.Close()
		return nil, cannotOpen(file, err)
	}
	return f, nil
}

func cannotOpen(file string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // the file is named already
	}
	msg := fmt.Sprintf("cannot open trace: %v", err)
	if errors.Is(err, fs.ErrNotExist) {
		msg += "; embedded traces: " + strings.Join(Embedded(), ", ")
	}
	return &FileError{File: file, Msg: msg}
}
