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
func MakeDir(dir string) (tidy func(), err error) { return folder{osDisk{}, dir}.create() }

// WriteDir writes files into dir, which is made if need be. They come as one set. An error
// names the file. It leaves whatever was there before, unless it says that the files could not
// be moved into dir. Then, and after a kill or when the power fails, dir holds the set before
// or this set or no result; in the last case the next WriteDir or MakeDir moves this set into
// place. It also removes what such an end has left.
func WriteDir(dir string, files []File) error { return folder{osDisk{}, dir}.write(files) }

// A File is a part of a folder of results.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// ResultIn is the path of the result in a folder that WriteDir wrote.
func ResultIn(dir string) string { return filepath.Join(dir, resultName) }

const resultName = "result.json"

// ResultFile is result.json, from which any report can be made again.
func ResultFile(d *Document) File {
	return File{resultName, func(w io.Writer) error { return JSON{}.Report(w, d) }}
}

// Files are written into a folder of the process inside the output folder, and that is
// renamed to committed when all are on the disk. From then on the set is moved into place
// whatever happens: by the process, or when it is killed by the next one that writes there.
const (
	staged    = ".ratesim-new-" // and the number of the process
	committed = ".ratesim-set"
)

// folder is an output folder.
type folder struct {
	disk
	dir string
}

// path is that of a file in the folder.
func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

// stage is the folder of this process.
func (f folder) stage() string { return f.path(staged + strconv.Itoa(os.Getpid())) }

// create is MakeDir.
func (f folder) create() (tidy func(), err error) {
	var made []string // innermost first
	for d := filepath.Clean(f.dir); ; d = filepath.Dir(d) {
		if _, err := f.IsDir(d); err == nil || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	tidy = func() {
		for _, d := range made {
			_ = f.Remove(d) // which refuses a folder that holds anything
		}
	}
	for _, d := range slices.Backward(made) {
		if err := f.Mkdir(d); err != nil && !errors.Is(err, fs.ErrExist) {
			tidy()
			return nil, fmt.Errorf("making the output folder: %w", err)
		}
		f.Sync(filepath.Dir(d))
	}
	err = f.finish()
	if err == nil {
		err = f.Mkdir(f.stage())
	}
	if err == nil {
		err = f.Remove(f.stage())
	}
	if err != nil {
		tidy()
		return nil, fmt.Errorf("writing to the output folder: %w", err)
	}
	return tidy, nil
}

// finish ends what a process that was killed had begun: a set that is complete is
// moved into place, the parts of one that is not are removed.
func (f folder) finish() error {
	names, err := f.Names(f.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		number, isStage := strings.CutPrefix(name, staged)
		pid, err := strconv.Atoi(number)
		if !isStage || err != nil || pid != os.Getpid() && alive(pid) {
			continue
		}
		if err := f.clear(f.path(name)); err != nil {
			return err
		}
	}
	return f.moveSet()
}

// clear removes a folder and the files in it.
func (f folder) clear(dir string) error {
	names, err := f.Names(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := f.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return f.Remove(dir)
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

// moveSet moves a committed set into place, if there is one. The result of the set before
// goes first and that of this set comes last. So a folder that holds a result holds the
// files that belong to it, at every moment. A disk may write names in any order until they
// are synced, so they are before and after the other files move.
func (f folder) moveSet() error {
	set := f.path(committed)
	names, err := f.Names(set)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(names) > 0 {
		if err := f.Remove(ResultIn(f.dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f.Sync(f.dir)
	}
	move := func(name string) error { return f.Rename(filepath.Join(set, name), f.path(name)) }
	for _, name := range names {
		if name == resultName {
			continue
		}
		if err := move(name); err != nil {
			return err
		}
	}
	f.Sync(f.dir)
	if slices.Contains(names, resultName) {
		if err := move(resultName); err != nil {
			return err
		}
		f.Sync(f.dir)
	}
	return f.Remove(set)
}

// write is WriteDir.
func (f folder) write(files []File) error {
	tidy, err := f.create()
	if err != nil {
		return err
	}
	defer tidy()
	to := f.stage()
	if err := f.Mkdir(to); err != nil {
		return fmt.Errorf("writing to the output folder: %w", err)
	}
	if err := f.commit(to, files); err != nil {
		_ = f.clear(to) // the next writer does it if this cannot
		return err
	}
	if err := f.moveSet(); err != nil {
		return fmt.Errorf("moving the files into the output folder: %w", err)
	}
	return nil
}

// commit writes the files into a folder and makes that the committed set.
func (f folder) commit(to string, files []File) error {
	for _, file := range files {
		path := f.path(file.Name)
		if is, err := f.IsDir(path); err == nil && is {
			return fmt.Errorf("writing %s: it is a folder", path)
		}
		if err := f.writeFile(filepath.Join(to, file.Name), file.Write); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	f.Sync(to)
	if err := f.Rename(to, f.path(committed)); err != nil {
		return fmt.Errorf("writing to the output folder: %w", err)
	}
	f.Sync(f.dir)
	return nil
}

// writeFile writes a file that does not exist and has it on the disk when it returns.
func (f folder) writeFile(path string, write func(io.Writer) error) error {
	w, err := f.Create(path)
	if err != nil {
		return err
	}
	if err = write(w); err == nil {
		err = w.Sync()
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	return err
}
