package workload

import (
	"io"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// generated is a plain log of so many requests, made as it is read.
type generated struct {
	rows, n int
	dated   bool
	line    []byte
}

func (g *generated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(g.line) == 0 {
			if g.n > g.rows {
				break
			}
			g.next()
		}
		m := copy(p[n:], g.line)
		g.line = g.line[:copy(g.line, g.line[m:])]
		n += m
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (g *generated) next() {
	g.line = append(g.line, "time,prompt_tokens,output_tokens\n"...)
	if g.n > 0 {
		g.line = g.line[:0]
		if at := time.Duration(g.n) * 100 * time.Millisecond; g.dated {
			g.line = time.Unix(1772442000, 0).UTC().Add(at).AppendFormat(g.line, time.RFC3339Nano)
		} else {
			g.line = strconv.AppendFloat(g.line, at.Seconds(), 'f', 1, 64)
		}
		for _, tokens := range []int{100 + g.n*7919%4000, g.n * 31 % 500} {
			g.line = strconv.AppendInt(append(g.line, ','), int64(tokens), 10)
		}
		g.line = append(g.line, '\n')
	}
	g.n++
}

// BenchmarkReadUsage reads a log of requests; an op is a row, made and read.
// Ten million rows must take under 30 s and 300 MB: 333 K rows/s.
func BenchmarkReadUsage(b *testing.B) {
	for _, dated := range []bool{false, true} {
		b.Run("dated="+strconv.FormatBool(dated), func(b *testing.B) {
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			u, err := OpenUsage("u", &generated{rows: b.N, dated: dated}, UsageOptions{})
			if err != nil {
				b.Fatal(err)
			}
			rows := 0
			for rec := (Record{}); u.Next(&rec); rows++ {
			}
			if u.Err() != nil || rows != b.N {
				b.Fatalf("%d of %d rows, error %v", rows, b.N, u.Err())
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(after.Sys), "B-from-system")
		})
	}
}
