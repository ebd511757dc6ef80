package reports

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
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
	err = recoverSet(dir)
	if err == nil {
		err = os.Mkdir(stage(dir), 0o777)
	}
	if err == nil {
		err = os.Remove(stage(dir))
	}
	if err != nil {
		tidy()
		return nil, fmt.Errorf("writing to the output folder: %w", err)
	}
	return tidy, nil
}

// Files are written into a folder of the process inside the output folder, and that is
// renamed to committed when all are on the disk. From then on the set is moved into place
// whatever happens: by the process, or when it is killed by the next one that writes there.
const (
	staged    = ".ratesim-new-" // and the number of the process
	committed = ".ratesim-set"
)

func stage(dir string) string { return filepath.Join(dir, staged+strconv.Itoa(os.Getpid())) }

// recoverSet finishes what a process that was killed had begun: a set that is complete is
// moved into place, the parts of one that is not are removed.
func recoverSet(dir string) error {
	left, err := filepath.Glob(filepath.Join(literalGlob(dir), staged+"*"))
	if err != nil {
		return err
	}
	for _, l := range left {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(l), staged))
		if err != nil || pid != os.Getpid() && alive(pid) {
			continue
		}
		if err := os.RemoveAll(l); err != nil {
			return err
		}
	}
	return moveSet(dir)
}

// alive reports whether a process runs. Of one that cannot be asked it reports true.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// literalGlob keeps the characters of a path from being a pattern.
func literalGlob(path string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(path)
}

// moveSet moves a committed set into place, if there is one. The result of the set before
// goes first and that of this set comes last. So a folder that holds a result holds the
// files that belong to it, at every moment.
func moveSet(dir string) error {
	set := filepath.Join(dir, committed)
	entries, err := os.ReadDir(set)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		if err := os.Remove(ResultIn(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	last := func(e fs.DirEntry) int {
		if e.Name() == resultName {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return last(a) - last(b) })
	for _, e := range entries {
		if err := os.Rename(filepath.Join(set, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	sync(dir)
	return os.Remove(set)
}

// sync has the names in a folder written to the disk. Not every system can, and those
// that cannot say so: there is nothing to do about it.
func sync(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// A File is a part of a folder of results.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// WriteDir writes files into dir, which is made if need be. They come as one set: an error
// names the file, leaves no part of the set and whatever was there before. After a kill or
// when the power fails dir holds either set, or no result and what the next WriteDir or
// MakeDir needs to move the new set into place.
func WriteDir(dir string, files []File) error {
	tidy, err := MakeDir(dir)
	if err != nil {
		return err
	}
	defer tidy()
	to := stage(dir)
	if err := os.Mkdir(to, 0o777); err != nil {
		return fmt.Errorf("writing to the output folder: %w", err)
	}
	defer os.RemoveAll(to) // it is gone by then, unless something failed
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			return fmt.Errorf("writing %s: it is a folder", path)
		}
		if err := writeFile(filepath.Join(to, f.Name), f.Write); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	sync(to)
	if err := os.Rename(to, filepath.Join(dir, committed)); err != nil {
		return fmt.Errorf("writing to the output folder: %w", err)
	}
	sync(dir)
	if err := moveSet(dir); err != nil {
		return fmt.Errorf("moving the files into the output folder: %w", err)
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

// writeFile writes a file that does not exist and has it on the disk when it returns.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
