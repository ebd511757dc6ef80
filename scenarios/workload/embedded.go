package workload

import (
	"bytes"
	"cmp"
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

// Log is a usage log, and how it is read. A name without slash or dot that is embedded
// means the embedded trace; a file of that name is reached as ./name.
type Log struct {
	Name string // of an embedded trace, or the path of a file
	Data []byte // what is in it, where that is in no file: of standard input
	UsageOptions
	Read *Content // what Describe found; nil = it has not been called, or the log is in no file
}

// writtenTo names the file in an error if that is errWritten.
func writtenTo(file string, err error) error {
	if errors.Is(err, errWritten) {
		return &FileError{File: file, Msg: "has been written to since the run began, so what is read now does not belong to what was read before; run again on a copy", cause: err}
	}
	return err
}

// Open opens a log of single requests, which may be read more than once. The caller closes
// the reader. Errors are of type *FileError.
func (l *Log) Open() (*TraceReader, error) {
	f := io.NopCloser(bytes.NewReader(l.Data))
	if l.Data == nil {
		var err error
		if f, err = openFile(l.Name, true); err != nil {
			return nil, err
		}
	}
	var watched *watchedFile
	if file, ok := f.(*os.File); ok {
		seen := l.Read
		if seen == nil {
			seen = &Content{}
		}
		var err error
		if watched, err = watch(file, seen); err != nil {
			file.Close()
			return nil, writtenTo(l.Name, err)
		}
		f = watched
	}
	t, err := NewTraceReader(l.Name, f, l.UsageOptions)
	if err != nil {
		return nil, cmp.Or(writtenTo(l.Name, f.Close()), err)
	}
	t.closer, t.file = f, watched
	return t, nil
}

// OpenFile opens an embedded trace or a file. Whoever opens a file several times gives the same
// Content each time: once it has been written to, Open, Read or Close return an error. seen
// is nil for a file that is opened once. Errors of OpenFile are of type *FileError.
func OpenFile(name string, seen *Content) (io.ReadCloser, error) {
	f, err := openFile(name, false)
	file, ok := f.(*os.File)
	if err != nil || !ok || seen == nil {
		return f, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return f, nil
	}
	w, err := watch(file, seen)
	if err != nil {
		file.Close()
		return nil, writtenTo(name, err)
	}
	return w, nil
}

// openFile opens an embedded trace or a file; with again the file must be one that can be
// read more than once.
func openFile(file string, again bool) (io.ReadCloser, error) {
	if !strings.ContainsAny(file, `/\.`) {
		if f, err := embedded.Open("data/" + file + ".csv"); err == nil {
			return f, nil
		}
	}
	info, err := os.Stat(file) // before it is opened: to open a named pipe waits for its writer
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	} else if err == nil && again && !info.Mode().IsRegular() {
		err = errors.New("not a regular file; a trace is read more than once, so save it to a file first")
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(file)
	}
	if err != nil {
		return nil, cannotOpen(file, err)
	}
	return f, nil
}

func cannotOpen(file string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // the file is named already
	}
	msg := fmt.Sprintf("cannot open the log: %v", err)
	if errors.Is(err, fs.ErrNotExist) {
		msg += "; embedded traces: " + strings.Join(Embedded(), ", ")
	}
	return &FileError{File: file, Msg: msg, cause: err}
}
