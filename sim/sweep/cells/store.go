package cells

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/memblob" // mem://, of tests
)

const ending = ".cell"

// Store is where the cells of a sweep are kept.
type Store struct {
	bucket *blob.Bucket
	codec  *Codec
	where  string
}

// Open opens a store: a directory, or the URL of a bucket, file:///path or mem://. With
// create a directory that is not there is made.
func Open(ctx context.Context, where string, create bool) (*Store, error) {
	codec, err := NewCodec()
	if err != nil {
		return nil, err
	}
	var b *blob.Bucket
	switch dir, isFile := strings.CutPrefix(where, "file://"); {
	case isFile, !strings.Contains(where, "://"):
		if !create {
			if _, err := os.Stat(dir); err != nil {
				return nil, fmt.Errorf("reading cells: %w", err)
			}
		}
		// Temporary files are made beside the cells, where they can be renamed.
		b, err = fileblob.OpenBucket(filepath.Clean(dir), &fileblob.Options{CreateDir: create, NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	default:
		b, err = blob.OpenBucket(ctx, where)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", where, err)
	}
	return &Store{b, codec, where}, nil
}

// On returns a store in a bucket that is open already.
func On(b *blob.Bucket) (*Store, error) {
	codec, err := NewCodec()
	return &Store{b, codec, "the bucket"}, err
}

// Close closes the store.
func (s *Store) Close() error { return s.bucket.Close() }

// key spreads objects over 256 folders.
func key(hash string) string { return hash[:2] + "/" + hash + ending }

// List returns the names of the cells that are there, sorted. What a kill has left under a
// temporary name is no cell, and with whole an object without bytes is none either.
func (s *Store) List(ctx context.Context, whole bool) ([]string, error) {
	var names []string
	for it := s.bucket.List(nil); ; {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", s.where, err)
		}
		name := strings.TrimSuffix(o.Key[strings.LastIndexByte(o.Key, '/')+1:], ending)
		if len(name) == 32 && o.Key == key(name) && (o.Size > 0 || !whole) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Put stores a cell whole or not at all: it is written under a temporary name, which is
// then changed. It returns how many bytes it has.
func (s *Store) Put(ctx context.Context, c *Cell) (int, error) {
	data, err := s.codec.Encode(c)
	if err != nil {
		return 0, err
	}
	if err := s.bucket.WriteAll(ctx, key(c.Identity.Hash()), data, nil); err != nil {
		return 0, fmt.Errorf("writing to %s: %w", s.where, err)
	}
	return len(data), nil
}

// Get reads a cell. An error names it.
func (s *Store) Get(ctx context.Context, name string) (*Cell, error) {
	data, err := s.bucket.ReadAll(ctx, key(name))
	if err != nil {
		return nil, fmt.Errorf("reading %s in %s: %w", key(name), s.where, err)
	}
	c, err := s.codec.Decode(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s in %s %w", key(name), s.where, err)
	}
	return c, nil
}
