package workload

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
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

// BenchmarkReadFormats reads logs of up to 16 MB from memory; an op is a row.
func BenchmarkReadFormats(b *testing.B) {
	for _, k := range []struct {
		name, header string
		row          func(dst []byte, i int) []byte
	}{
		{"plain", "time,prompt_tokens,output_tokens,cached_tokens,model,tenant,status,latency_ms,extra\n", func(dst []byte, i int) []byte {
			return fmt.Appendf(dst, "%d.%03d,%d,%d,%d,gpt-4o,team-%d,200,%d,\"a, b\"\n", i/1000, i%1000, 100+i*7919%4000, i*31%500, i%100, i%50, i%9000)
		}},
		{"azure", azureHeader + "\n", func(dst []byte, i int) []byte {
			return fmt.Appendf(dst, "2024-05-10 %02d:%02d:%02d.%06d+00:00,%d,%d\n", i/360000%24, i/6000%60, i/100%60, i%100*10000, 100+i*7919%4000, i*31%500)
		}},
		{"burstgpt", "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n", func(dst []byte, i int) []byte {
			return fmt.Appendf(dst, "%d,ChatGPT,%d,%d,%d,Conversation log\n", i, 100+i%4000, i%500, i)
		}},
		{"jsonl", "", func(dst []byte, i int) []byte {
			return fmt.Appendf(dst, `{"time": %d, "prompt_tokens": %d, "output_tokens": %d, "tenant": "team-%d", "text": "a \"b\" c"}`+"\n", i, 100+i%4000, i%500, i%50)
		}},
		{"bailian", "", func(dst []byte, i int) []byte {
			return fmt.Appendf(dst, `{"chat_id": %d, "parent_chat_id": -1, "timestamp": %d, "input_length": %d, "output_length": %d, "type": "text", "turn": 1, "hash_ids": [1, 2, 3, 4, 5, 6, 7, 8]}`+"\n", i, i, 100+i%4000, i%500)
		}},
	} {
		b.Run(k.name, func(b *testing.B) {
			text := []byte(k.header)
			rows := 0
			for ; len(text) < 16<<20 && rows < b.N; rows++ {
				text = k.row(text, rows)
			}
			b.SetBytes(int64(len(text) / rows))
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				u, err := OpenUsage("u", bytes.NewReader(text), UsageOptions{Location: time.UTC, Columns: columnsOf(k.header)})
				if err != nil {
					b.Fatal(err)
				}
				for rec := (Record{}); u.Next(&rec); n++ {
				}
				if u.Err() != nil {
					b.Fatal(u.Err())
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func columnsOf(header string) Columns {
	if strings.Contains(header, "latency_ms") {
		return Columns{"latency": "latency_ms"}
	}
	return nil
}
