package workload

import (
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
)

// Content tells a file from what it is after somebody has written to it. The size and the
// time of the last change cost nothing to compare. They do not show what is written in place
// within the resolution of the clock, or by a program that sets the time back; the checksums
// of what was read do.
//
// The zero value is filled by whoever reads the file first, to its end. Those that read it
// later are held against it.
type Content struct {
	size, modified int64 // modified in ns since 1970
	sums           map[extent]uint32
}

// extent is what was read at once, or a block of a file that is read from its beginning.
type extent struct {
	at int64
	n  int
}

// blockSize is the length of the blocks with a checksum each. A file of 10 GB has 40,000.
const blockSize = 256 << 10

var errWritten = errors.New("it has been written to since the run began")

// watchedFile is a file that is read more than once.
type watchedFile struct {
	file    *os.File
	seen    *Content
	first   bool   // it fills seen
	block   extent // that is being read
	sum     uint32 // of block
	differs bool   // something is not what it was
	table   *crc32.Table
}

// watch returns a file that has just been opened, and an error if it is not what it was.
func watch(f *os.File, seen *Content) (*watchedFile, error) {
	w := &watchedFile{file: f, seen: seen, first: seen.sums == nil, table: crc32.MakeTable(crc32.Castagnoli)} // for which processors have an instruction
	if w.first {
		seen.size, seen.modified = w.stamp()
		seen.sums = map[extent]uint32{}
	} else if w.stamped() {
		return nil, errWritten
	}
	return w, nil
}

// stamped reports whether the system says that the file has been written to.
func (w *watchedFile) stamped() bool {
	size, modified := w.stamp()
	return size != w.seen.size || modified != w.seen.modified
}

// stamp returns what the system says of the file. It is the same each time where the system
// cannot say.
func (w *watchedFile) stamp() (size, modified int64) {
	if info, err := w.file.Stat(); err == nil {
		return info.Size(), info.ModTime().UnixNano()
	}
	return 0, 0
}

// Read implements io.Reader.
func (w *watchedFile) Read(p []byte) (int, error) {
	n, err := w.file.Read(p)
	for read := p[:n]; len(read) > 0; {
		k := min(len(read), blockSize-w.block.n)
		w.sum = crc32.Update(w.sum, w.table, read[:k])
		read = read[k:]
		if w.block.n += k; w.block.n == blockSize {
			w.endBlock()
		}
	}
	if err == io.EOF && w.block.n > 0 {
		w.endBlock()
	}
	if w.differs {
		return n, errWritten
	}
	return n, err
}

// endBlock takes up the sum of a block that was read.
func (w *watchedFile) endBlock() {
	w.check(w.block, w.sum, true)
	w.block, w.sum = extent{at: w.block.at + int64(w.block.n)}, 0
}

// ReadAt implements io.ReaderAt. A part that was not read the first time cannot be held
// against anything: who reads a file in this way reads the same parts each time.
func (w *watchedFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := w.file.ReadAt(p, at)
	w.check(extent{at, n}, crc32.Checksum(p[:n], w.table), false)
	if w.differs {
		return n, errWritten
	}
	return n, err
}

// check takes up the sum of a part. With whole, what was not read the first time differs.
func (w *watchedFile) check(p extent, sum uint32, whole bool) {
	if w.first {
		w.seen.sums[p] = sum
	} else if before, ok := w.seen.sums[p]; ok && before != sum || !ok && whole {
		w.differs = true
	}
}

// written reports whether anything that was read so far is not what it was, or the file has
// been written to since it was opened.
func (w *watchedFile) written() bool {
	if w.block.n > 0 { // the rest of the block, to which rows before it may belong
		_, _ = io.ReadFull(w, make([]byte, blockSize-w.block.n))
	}
	return w.differs || w.stamped()
}

// Stat says what kind of file it is.
func (w *watchedFile) Stat() (fs.FileInfo, error) { return w.file.Stat() }

// Close implements io.Closer. It returns an error also if the file is not what was read the
// first time.
func (w *watchedFile) Close() error {
	written := !w.first && w.written()
	if err := w.file.Close(); err != nil {
		return err
	}
	if written {
		return errWritten
	}
	return nil
}
