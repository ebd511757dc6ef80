package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// A log that is written to after it was described, or while it is read, ends the run: the
// strategies would meet different calls.
func TestLogWrittenDuringRun(t *testing.T) {
	const rows = "time,prompt_tokens,output_tokens\n0,10,1\n1,10,1\n"
	path := filepath.Join(t.TempDir(), "log.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "has been written to") {
			t.Errorf("%s: %v", what, err)
		}
	}
	write(rows)
	log := &Log{Name: path}
	if _, err := log.Describe(); err != nil {
		t.Fatal(err)
	}
	if r, err := log.Open(); err != nil {
		t.Errorf("unchanged: %v", err)
	} else {
		write(rows + "2,10,1\n")
		var row Row
		for r.Next(&row) {
		}
		refused("while it is read", r.Err())
		r.Close()
	}
	_, err := log.Open()
	refused("afterwards", err)
}

// rewrite changes a byte of a file in place and sets its time back: what the system says of
// the file stays the same.
func rewrite(t *testing.T, path string, at int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	if b[0]++; err == nil {
		_, err = f.WriteAt(b, at)
	}
	if err = errors.Join(err, f.Close(), os.Chtimes(path, info.ModTime(), info.ModTime())); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || after.Size() != info.Size() || !after.ModTime().Equal(info.ModTime()) {
		t.Fatalf("the size or the time changed: %v, %v", after, err)
	}
}

// What is rewritten in place, with the same size and time, is noticed by whoever reads it,
// also where no more than the first rows are read, and in each kind of file.
func TestLogRewrittenInPlace(t *testing.T) {
	var text strings.Builder
	text.WriteString("time,prompt_tokens,output_tokens\n")
	for i := range 200_000 { // some blocks
		fmt.Fprintf(&text, "%d,%d,100\n", i, 1000+i*7919%1000)
	}
	zipped := packed(t, text.String())
	var columns bytes.Buffer
	rows := make([]parquetRequest, 200_000)
	for i := range rows {
		rows[i] = parquetRequest{int64(i), int64(1000 + i*7919%1000), 100}
	}
	if err := parquet.Write(&columns, rows); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, text string
		at         int  // the byte that is changed
		rows       int  // that are read; 0 = all
		same       bool // it need not be noticed
	}{
		{name: "end.csv", text: text.String(), at: text.Len() - 2},
		{name: "middle.csv", text: text.String(), at: text.Len() / 2},
		{name: "first.csv", text: text.String(), at: 40, rows: 10},
		{name: "behind.csv", text: text.String(), at: text.Len() - 2, rows: 10, same: true},
		{name: "gzip.csv", text: string(zipped["gzip"]), at: len(zipped["gzip"]) / 2},
		{name: "zstd.csv", text: string(zipped["zstd"]), at: len(zipped["zstd"]) / 2},
		{name: "columns.parquet", text: columns.String(), at: columns.Len() / 2},
	} {
		path := filepath.Join(t.TempDir(), tt.name)
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		log := &Log{Name: path}
		if s, err := log.Describe(); err != nil || s.Rows != 200_000 {
			t.Fatalf("%s: %d rows, %v", tt.name, s.Rows, err)
		}
		read := func(rows int) error {
			r, err := log.Open()
			if err != nil {
				return err
			}
			var row Row
			for n := 0; (rows == 0 || n < rows) && r.Next(&row); n++ {
			}
			return errors.Join(r.Err(), r.Close())
		}
		for _, rows := range []int{0, 10} {
			if err := read(rows); err != nil {
				t.Errorf("%s, unchanged, %d rows: %v", tt.name, rows, err)
			}
		}
		rewrite(t, path, int64(tt.at))
		if err := read(tt.rows); (err == nil) != tt.same || err != nil && !strings.Contains(err.Error(), "has been written to") {
			t.Errorf("%s: error %v", tt.name, err)
		}
	}
}

// parquetRequest is a row of a Parquet file.
type parquetRequest struct {
	Time   int64 `parquet:"time"`
	Prompt int64 `parquet:"prompt_tokens"`
	Output int64 `parquet:"output_tokens"`
}

// A run of a trace that is rewritten in place meanwhile ends with an error, also in its second
// cycle.
func TestReplayOfRewrittenLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(path, []byte("time,prompt_tokens,output_tokens\n0,10,1\n1,10,1\n2,10,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := Log{Name: path}
	if _, err := log.Describe(); err != nil {
		t.Fatal(err)
	}
	sources, err := Open([]Stream{{Arrivals: Arrivals{Process: Trace, Log: log, Transform: Transform{Loop: true}}}}, rng.New(1, 0), 10*clock.Second)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var a Arrival
	for ; sources[0].Next(&a); n++ {
		if n == 4 {
			rewrite(t, path, int64(len("time,prompt_tokens,output_tokens\n0,")))
		}
	}
	if err := sources[0].Err(); n >= 10 || err == nil || !strings.Contains(err.Error(), "has been written to") {
		t.Errorf("%d calls, error %v", n, err)
	}
}

// A log that is converted in several passes is held against the first of them, too.
func TestChangedOfRewrittenLog(t *testing.T) {
	var text strings.Builder
	text.WriteString("time,prompt_tokens,output_tokens\n")
	for i := range maxRecords + 10 { // too many to be kept
		fmt.Fprintf(&text, "%d,1,1\n", i)
	}
	path := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, rewritten := range []bool{false, true} {
		var seen Content
		c, err := NewChanged(func(inOrder bool) (*Usage, io.Closer, error) {
			f, err := OpenFile(path, &seen)
			if err != nil {
				return nil, nil, err
			}
			u, err := OpenUsage(path, f, UsageOptions{InOrder: inOrder})
			return u, f, err
		}, ChangedOptions{Transform: Transform{Scale: 2}, Until: 100 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if rewritten {
			rewrite(t, path, int64(len("time,prompt_tokens,output_tokens\n0,")))
		}
		for r := (Record{}); c.Next(&r); {
		}
		if err := errors.Join(c.Err(), c.Close()); (err != nil) != rewritten || err != nil && !strings.Contains(err.Error(), "has been written to") {
			t.Errorf("rewritten %v: %v", rewritten, err)
		}
	}
}
