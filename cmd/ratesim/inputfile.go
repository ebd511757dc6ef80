package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Bounds on files that are read as a whole, in bytes: a device or a pipe may have no
// end. The catalog of the program has 30 KB and a list of 100,000 keys 8 MB.
const (
	maxCatalog  = 16 << 20
	maxKeysFile = 64 << 20
)

// readInput reads a file of so many bytes at most, until ctx ends: a named pipe may never be
// written to.
func readInput(ctx context.Context, path string, most int64) ([]byte, error) {
	return hearing(ctx, func() ([]byte, error) { return readFile(path, most) })
}

func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return data, nil
}
