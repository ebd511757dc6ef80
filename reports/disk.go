package reports

import (
	"io"
	"os"
)

// A disk is a file system, as far as the writer of folders needs one. Its tests have one that
// fails, fills up and loses what was not synced.
type disk interface {
	IsDir(name string) (bool, error)         // does not follow a link
	Names(dir string) ([]string, error)      // of what a folder holds, sorted
	Mkdir(name string) error                 // one folder
	Create(name string) (writtenFile, error) // the file must not exist
	Rename(from, to string) error
	Remove(name string) error // a file, or a folder that is empty
	// Sync has the names in a folder written to the disk. Not every system can, and those
	// that cannot say so: there is nothing to do about it.
	Sync(dir string)
}

// A writtenFile is open for writing.
type writtenFile interface {
	io.WriteCloser
	Sync() error // has what was written on the disk
}

// osDisk is the file system of the machine.
type osDisk struct{}

// IsDir implements disk.
func (osDisk) IsDir(name string) (bool, error) {
	info, err := os.Lstat(name)
	return err == nil && info.IsDir(), err
}

// Names implements disk.
func (osDisk) Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// Mkdir implements disk.
func (osDisk) Mkdir(name string) error { return os.Mkdir(name, 0o777) }

// Create implements disk.
func (osDisk) Create(name string) (writtenFile, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// Rename implements disk.
func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements disk.
func (osDisk) Remove(name string) error { return os.Remove(name) }

// Sync implements disk.
func (osDisk) Sync(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
