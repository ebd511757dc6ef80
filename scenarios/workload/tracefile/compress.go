package tracefile

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// compression returns a name without the ending of a compression, and that ending.
func compression(name string) (rest, ending string) {
	for _, end := range []string{".gz", ".zst"} {
		if rest, ok := strings.CutSuffix(name, end); ok {
			return rest, end
		}
	}
	return name, ""
}

// Compress returns a writer that compresses what it is given as the ending of a file's name
// says: .gz, .zst, or neither. The caller closes it before w. A Parquet file is compressed
// within, so that a compression of the whole is refused.
func Compress(w io.Writer, name, format string) (io.WriteCloser, error) {
	_, end := compression(name)
	switch {
	case end != "" && format == "parquet":
		return nil, fmt.Errorf("%s: a Parquet file is compressed within; name it without %s", name, end)
	case end == ".gz":
		return gzip.NewWriter(w), nil
	case end == ".zst":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return open{w}, nil
}

// open is a writer that Close leaves open.
type open struct{ io.Writer }

// Close implements io.Closer.
func (open) Close() error { return nil }
