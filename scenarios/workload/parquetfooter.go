package workload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxFooter bounds what a Parquet file says of itself, in bytes. A file of a thousand groups of
// rows has 1 MB.
const maxFooter = 16 << 20

// checkFooter finds footers of Parquet files that claim to hold more than they can. The library
// allocates what they claim before it reads, and a program that asks for more memory than there
// is cannot be saved.
func checkFooter(from io.ReaderAt, size int64) error {
	var end [8]byte
	if size < 12 {
		return errors.New("it is too short")
	}
	if _, err := from.ReadAt(end[:], size-8); err != nil && err != io.EOF {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(end[:4]))
	switch {
	case string(end[4:]) != parquetMagic:
		return fmt.Errorf("it does not end in %s", parquetMagic)
	case n > size-12:
		return errors.New("its end says that it is longer")
	case n > maxFooter:
		return fmt.Errorf("the description of its columns takes %d bytes, want at most %d", n, maxFooter)
	}
	footer := make([]byte, n)
	if _, err := from.ReadAt(footer, size-8-n); err != nil {
		return err
	}
	w := thrift{rest: footer}
	if !w.value(thriftStruct, 0) {
		return errors.New("the description of its columns is damaged")
	}
	return nil
}

// thrift walks through a value in the compact protocol of Thrift, which Parquet uses.
type thrift struct{ rest []byte }

// The types of the protocol that have a size of their own.
const (
	thriftByte   = 3
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// value walks past a value, and reports whether all that it claims to hold may be there.
func (t *thrift) value(kind byte, depth int) bool {
	switch {
	case depth > 32:
		return false
	case kind == thriftByte || kind == 1 || kind == 2: // or a bool in a list
		return t.skip(1)
	case kind == thriftDouble:
		return t.skip(8)
	case kind == thriftBinary:
		n, ok := t.number()
		return ok && t.skip(n)
	case kind == thriftList || kind == thriftSet:
		return t.list(depth)
	case kind == thriftMap:
		return false // Parquet has none
	case kind == thriftStruct:
		return t.fields(depth)
	}
	_, ok := t.number()
	return ok
}

func (t *thrift) list(depth int) bool {
	if len(t.rest) == 0 {
		return false
	}
	head := t.rest[0]
	t.rest = t.rest[1:]
	n, ok := uint64(head>>4), true
	if n == 15 {
		n, ok = t.number()
	}
	if !ok || n > uint64(len(t.rest)) { // each takes a byte at least
		return false
	}
	for range n {
		if !t.value(head&15, depth+1) {
			return false
		}
	}
	return true
}

func (t *thrift) fields(depth int) bool {
	for {
		if len(t.rest) == 0 {
			return false
		}
		head := t.rest[0]
		t.rest = t.rest[1:]
		if head == 0 {
			return true
		}
		if head>>4 == 0 { // the number of the field follows
			if _, ok := t.number(); !ok {
				return false
			}
		}
		if kind := head & 15; kind > 2 && !t.value(kind, depth+1) { // a bool is in the head
			return false
		}
	}
}

func (t *thrift) number() (uint64, bool) {
	v, n := binary.Uvarint(t.rest)
	if n <= 0 {
		return 0, false
	}
	t.rest = t.rest[n:]
	return v, true
}

func (t *thrift) skip(n uint64) bool {
	if n > uint64(len(t.rest)) {
		return false
	}
	t.rest = t.rest[n:]
	return true
}
