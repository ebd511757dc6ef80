package reports

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// MakeDir makes dir and sees whether files can be written in it, which is better
// known before a long run than after. What it returns removes the folders that it
// made, where nothing has been written to them since.
func MakeDir(dir string) (tidy func(), err error) {
	var made []string // innermost first
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	tidy = func() {
		for _, d := range made {
			os.Remove(d) // which refuses a folder that holds anything
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		tidy()
		return nil, fmt.Errorf("making the output folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		tidy()
		return nil, fmt.Errorf("writing to the output folder: %w", err)
	}
	f.Close()
	return tidy, os.Remove(f.Name())
}

// A File is a part of a folder of results.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// WriteDir writes files into dir, which is made if need be. Every file is written whole
// or not at all: an error names the file, leaves no part of it and whatever was there
// before.
func WriteDir(dir string, files []File) error {
	tidy, err := MakeDir(dir)
	if err != nil {
		return err
	}
	defer tidy()
	for _, f := range files {
		if err := writeFile(filepath.Join(dir, f.Name), f.Write); err != nil {
			return err
		}
	}
	return nil
}

// ResultIn is the path of the result in a folder that WriteDir wrote.
func ResultIn(dir string) string { return filepath.Join(dir, resultName) }

const resultName = "result.json"

// ResultFile is result.json, from which any report can be made again.
func ResultFile(d *Document) File {
	return File{resultName, func(w io.Writer) error { return JSON{}.Report(w, d) }}
}

// writeFile writes beside path and renames, so that path never holds a part.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	err = write(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	// CreateTemp makes files only their owner can read.
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
