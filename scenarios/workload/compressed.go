package workload

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow bounds the memory that a zstd file may ask for. The largest level of
// the zstd program asks for 128 MB.
const maxZstdWindow = 128 << 20

// unpack makes in.bytes give what a file compressed with gzip or zstd holds. The name of
// the file does not count, only how it begins.
func (in *input) unpack() {
	head, _ := in.bytes.Peek(4) // what is wrong shows when the rows are read
	var plain io.Reader
	var err error
	kind := "gzip"
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		plain, err = gzip.NewReader(in.bytes)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		kind = "zstd"
		plain, err = zstd.NewReader(in.bytes, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
	default:
		return
	}
	if err != nil {
		in.stop(0, 0, "cannot be read: %v", damage(kind, err))
		return
	}
	in.bytes, in.source = bufio.NewReaderSize(&unpacked{plain, kind}, sniffed), nil
}

// unpacked reads compressed data, and says so when they are damaged.
type unpacked struct {
	in   io.Reader
	kind string
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.in.Read(p)
	if err != nil && err != io.EOF {
		err = damage(u.kind, err)
	}
	return n, err
}

// damage says what is wrong with compressed data. The error is not wrapped: to the
// reader of the rows, compressed data that are cut short are not a text that is.
func damage(kind string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return fmt.Errorf("its %s data are cut short, so rows are missing; get the whole file", kind)
	}
	return fmt.Errorf("its %s data are damaged: %v", kind, err)
}
