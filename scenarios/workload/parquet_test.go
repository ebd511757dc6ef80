package workload

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// parquetOf writes rows as Parquet, in groups of two.
func parquetOf[T any](t testing.TB, rows []T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.MaxRowsPerRowGroup(2))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Columns of every type that another program may write are read, also from within groups.
func TestParquetTypes(t *testing.T) {
	type usage struct {
		In  int32  `parquet:"in"`
		Out uint32 `parquet:"out"`
	}
	type row struct {
		At    time.Time `parquet:"at,timestamp(microsecond)"`
		Usage usage     `parquet:"usage"`
		Team  *string   `parquet:"team,optional,dict"`
		OK    bool      `parquet:"ok"`
		Took  float32   `parquet:"took"`
		Cost  int64     `parquet:"cost,decimal(4:18)"`
		IDs   []int64   `parquet:"ids,list"`
	}
	at := time.Date(2026, 3, 1, 9, 0, 0, 250_000_000, time.UTC)
	team := "web"
	var rows []row
	for i := range 5 {
		r := row{At: at.Add(time.Duration(i) * time.Second), Usage: usage{10, 20}, OK: i > 0, Took: 1.5, Cost: 25, IDs: []int64{1, 2}}
		if i == 0 {
			r.Team = &team
		}
		rows = append(rows, r)
	}
	columns, err := ParseColumns("time=at,prompt_tokens=usage.in,output_tokens=usage.out,tenant=team,status=ok,latency=took,cost=cost")
	if err != nil {
		t.Fatal(err)
	}
	_, got, err := readUsage(t, "u", bytes.NewReader(parquetOf(t, rows)), UsageOptions{Columns: columns})
	if err != nil || len(got) != 5 {
		t.Fatalf("%d rows, error %v", len(got), err)
	}
	for i, want := range []Record{
		{Start: at, Tenant: "web", Status: 500},
		{Start: at.Add(time.Second), Status: 200},
	} {
		want.Requests, want.Prompt, want.Output, want.Latency, want.Cost, want.Priced, want.Line = 1, 10, 20, 1500*time.Millisecond, 0.0025, true, i+1
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

// The public traces are also published as Parquet, with the columns of their CSV.
func TestParquetOfOtherFormats(t *testing.T) {
	type azure struct {
		At  string `parquet:"TIMESTAMP"`
		In  int64  `parquet:"ContextTokens"`
		Out int64  `parquet:"GeneratedTokens"`
	}
	u, got, err := readUsage(t, "u", bytes.NewReader(parquetOf(t, []azure{{"2024-05-10 00:00:00.5+00:00", 5, 6}})), UsageOptions{})
	want := []Record{{Start: time.Date(2024, 5, 10, 0, 0, 0, 5e8, time.UTC), Requests: 1, Prompt: 5, Output: 6, Line: 1}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || u.Format() != "azure" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestBadParquet(t *testing.T) {
	type plainRow struct {
		Time   float64 `parquet:"time"`
		Prompt int64   `parquet:"prompt_tokens"`
		Output int64   `parquet:"output_tokens"`
	}
	type other struct {
		Time   [16]byte `parquet:"time,uuid"`
		Prompt int64    `parquet:"prompt_tokens"`
		Output int64    `parquet:"output_tokens"`
	}
	good := parquetOf(t, []plainRow{{0, 1, 2}, {1, 3, 4}, {2, -5, 6}})
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"a bad value", good, `u:3: prompt_tokens must be a whole number from 0 to 4294967295, got "-5"`},
		{"cut short", good[:len(good)-1], "u: cannot be read as Parquet: "},
		{"compressed twice", packed(t, string(good))["gzip"], `u:3: prompt_tokens must be`},
		{"of a type that is not read", parquetOf(t, []other{{Prompt: 1, Output: 2}}), "u: has a column time of a type that is not read"},
		{"of other columns", parquetOf(t, []struct{ A, B int64 }{{1, 2}}), "u:1: lacks the columns time, prompt_tokens, output_tokens; it has A, B"},
	} {
		_, _, err := readUsage(t, "u", bytes.NewReader(tt.data), UsageOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.want)
		}
	}
	_, got, err := readUsage(t, "u", io.MultiReader(bytes.NewReader(good)), UsageOptions{SkipBadRows: true}) // cannot be read at any place
	if err != nil || len(got) != 2 {
		t.Errorf("%d rows of a pipe, error %v", len(got), err)
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	if err := os.WriteFile(path, parquetOf(t, []plainRow{{0, 1, 2}, {1, 3, 4}}), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := (&Log{Name: path}).Describe()
	if err != nil || s.Rows != 2 {
		t.Errorf("%d rows of a trace in a file, error %v", s.Rows, err)
	}
}

// FuzzParquet: whatever a file holds, it is read or an error says what is wrong.
func FuzzParquet(f *testing.F) {
	type row struct {
		Time   float64 `parquet:"time"`
		Prompt int32   `parquet:"prompt_tokens"`
		Output int64   `parquet:"output_tokens"`
		Tenant string  `parquet:"tenant,dict,optional"`
	}
	f.Add(parquetOf(f, []row{{0, 1, 2, "a"}, {1, 3, 4, ""}, {2, 5, 6, "a"}}))
	type dated struct {
		Time   time.Time `parquet:"time,timestamp"`
		Prompt *int32    `parquet:"prompt_tokens,optional"`
		Output int64     `parquet:"output_tokens,delta"`
	}
	f.Add(parquetOf(f, []dated{{time.Unix(1e9, 0), new(int32), 2}}))
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := OpenUsage("u", bytes.NewReader(data), UsageOptions{})
		if err == nil {
			rows := 0
			for rec := (Record{}); rows < 1<<20 && u.Next(&rec); rows++ {
			}
			if err = u.Err(); err == nil {
				return
			}
		}
		if e, ok := errors.AsType[*FileError](err); !ok || e.Line < 0 {
			t.Fatalf("error %v is not a *FileError", err)
		}
	})
}
