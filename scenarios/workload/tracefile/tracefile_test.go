package tracefile

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/scenarios/workload"
)

// all are the columns beside the first three.
var all = workload.ColumnNames()[3:]

// written writes requests as a file of a name, in a format.
func written(t interface{ Fatalf(string, ...any) }, name, format string, requests []workload.Record, o Options) (data []byte, warnings []string) {
	var out bytes.Buffer
	z, err := Compress(&out, name, format)
	if err != nil {
		t.Fatalf("%v", err)
	}
	w, err := NewWriter(z, format, o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for i := range requests {
		if err := w.Write(&requests[i]); err != nil {
			t.Fatalf("%v", err)
		}
	}
	for _, c := range []io.Closer{w, z} {
		if err := c.Close(); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return out.Bytes(), w.Warnings()
}

// read reads a file again. Lines are left out, for formats number them in different ways.
func read(t interface{ Fatalf(string, ...any) }, data []byte) (requests []workload.Record, format string) {
	u, err := workload.OpenUsage("f", bytes.NewReader(data), workload.UsageOptions{Location: time.UTC})
	if err != nil {
		t.Fatalf("%v, of:\n%.500s", err, data)
	}
	for r := (workload.Record{}); u.Next(&r); {
		r.Line, r.Start = 0, r.Start.UTC()
		requests = append(requests, r)
	}
	if u.Err() != nil {
		t.Fatalf("%v", u.Err())
	}
	return requests, u.Format()
}

// requests draws requests in time order, with whatever may be known of them.
func requests(dated bool) *rapid.Generator[[]workload.Record] {
	names := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[a-zA-Z0-9,"'\\ é{}-]{0,12}`).Filter(func(s string) bool { return strings.TrimSpace(s) == s }))
	one := rapid.Custom(func(t *rapid.T) workload.Record {
		r := workload.Record{Requests: 1, Prompt: rapid.Int64Range(0, math.MaxUint32).Draw(t, "prompt"), Output: rapid.Int64Range(0, math.MaxUint32).Draw(t, "output"),
			MaxTokens: rapid.Int64Range(0, math.MaxUint32).Draw(t, "max_tokens"), Model: names.Draw(t, "model"), Tenant: names.Draw(t, "tenant"),
			Status:  rapid.SampledFrom([]int{0, 200, 429, 503}).Draw(t, "status"),
			Latency: time.Duration(rapid.IntRange(0, 1_000_000_000).Draw(t, "latency")) * 10 * time.Microsecond,
			Priced:  rapid.Bool().Draw(t, "priced"), Deadline: time.Duration(rapid.IntRange(0, 1_000_000_000).Draw(t, "deadline")) * time.Millisecond,
			Priority: rapid.Int8().Draw(t, "priority")}
		r.Cached = rapid.Int64Range(0, r.Prompt).Draw(t, "cached")
		if r.Priced {
			r.Cost = rapid.Float64Range(0, 1e6).Draw(t, "cost")
		}
		return r
	})
	return rapid.Custom(func(t *rapid.T) []workload.Record {
		rs := rapid.SliceOfN(one, 1, 30).Draw(t, "requests")
		at := int64(0)
		if dated {
			at = rapid.Int64Range(1e9, 7e9).Draw(t, "begin") * 1e9
		}
		for i := range rs {
			at += rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 2e9), rapid.Int64Range(0, 2*24*3600e9)).Draw(t, "gap")
			rs[i].Start = time.Unix(0, at).UTC()
		}
		return rs
	})
}

// What is written in a form of the plain format is read as it was, whatever it is.
func TestPlainRoundTrip(t *testing.T) {
	for _, name := range []string{"a.csv", "a.csv.gz", "a.csv.zst", "a.jsonl", "a.jsonl.gz", "a.ndjson.zst", "a.parquet"} {
		for _, dated := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s dated=%v", name, dated), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					want := requests(dated).Draw(t, "requests")
					data, warnings := written(t, name, ForFile(name), want, Options{Columns: all, Dated: dated})
					got, format := read(t, data)
					if diff := cmp.Diff(want, got); diff != "" || format != "plain" || len(warnings) > 0 {
						t.Fatalf("read as %s, warnings %q (-written +read):\n%s\nof:\n%.500s", format, warnings, diff, data)
					}
				})
			})
		}
	}
}

// less is what a format keeps of requests, by what its documentation says.
var less = map[string]func(r workload.Record, first time.Time) workload.Record{
	"azure": func(r workload.Record, _ time.Time) workload.Record {
		return workload.Record{Requests: 1, Start: r.Start.Truncate(100), Prompt: r.Prompt, Output: r.Output}
	},
	"burstgpt": func(r workload.Record, first time.Time) workload.Record {
		return workload.Record{Requests: 1, Start: r.Start.Add(-time.Duration(first.Truncate(24 * time.Hour).UnixNano())), Prompt: r.Prompt, Output: r.Output, Model: r.Model, Latency: r.Latency}
	},
	"mooncake": func(r workload.Record, first time.Time) workload.Record {
		return workload.Record{Requests: 1, Start: time.Unix(0, 0).UTC().Add(r.Start.Sub(first).Truncate(time.Millisecond)), Prompt: r.Prompt, Output: r.Output}
	},
}

// The public formats keep what they have a place for, and say what they lose.
func TestFamiliesRoundTrip(t *testing.T) {
	for format, keep := range less {
		t.Run(format, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rs := requests(true).Draw(t, "requests")
				if format == "mooncake" { // requests of one millisecond are spread when they are read
					for i := range rs {
						rs[i].Start = rs[i].Start.Add(time.Duration(i) * time.Millisecond)
					}
				}
				data, warnings := written(t, "a", format, rs, Options{Columns: all, Dated: true})
				got, read := read(t, data)
				var want []workload.Record
				for _, r := range rs {
					want = append(want, keep(r, rs[0].Start))
				}
				if diff := cmp.Diff(want, got); diff != "" || read != format {
					t.Fatalf("read as %s (-kept +read):\n%s\nof:\n%.500s", read, diff, data)
				}
				tenants := slices.ContainsFunc(rs, func(r workload.Record) bool { return r.Tenant != "" })
				if said := strings.Contains(strings.Join(warnings, "\n"), "has no place for tenant"); said != tenants {
					t.Fatalf("tenants are lost: %v; warnings %q", tenants, warnings)
				}
			})
		})
	}
}

// A batch file has prompts of as many tokens as the requests. It is one file and not many, for
// to read one loads the vocabularies.
func TestBatchRoundTrip(t *testing.T) {
	var rs, want []workload.Record
	models := []string{"", "gpt-4o", "o3", "gpt-4", "gpt-4o-mini-2024-07-18"}
	for seed := range 20 {
		for _, r := range requests(false).Example(seed) {
			r.Prompt, r.Model = r.Prompt%4000, models[len(rs)%len(models)]
			rs = append(rs, r)
			bound := max(1, r.Output)
			if r.MaxTokens > 0 {
				bound = r.MaxTokens
			}
			if r.Model == "" {
				r.Model = "gpt-4.1"
			}
			want = append(want, workload.Record{Requests: 1, Start: time.Unix(0, 0).UTC(), Prompt: max(8, r.Prompt), Output: bound, MaxTokens: bound, Model: r.Model})
		}
	}
	data, warnings := written(t, "a", "openai-batch", rs, Options{Columns: all, Model: "gpt-4.1"})
	got, format := read(t, data)
	order := func(a, b workload.Record) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) } // all are of one instant
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if diff := cmp.Diff(want, got); diff != "" || format != "openai-batch" || !strings.Contains(strings.Join(warnings, " "), "has no times") {
		t.Fatalf("read as %s, warnings %q (-written +read):\n%s", format, warnings, diff)
	}
}

// Columns that no request has are left out, and a value that comes all the same is counted.
func TestColumnsThatAreNotThere(t *testing.T) {
	rs := []workload.Record{{Requests: 1, Prompt: 3, Output: 4, Tenant: "a"}, {Start: time.Unix(1, 5e8), Requests: 1, Prompt: 3, Output: 4, Tenant: "b", Model: "m"}}
	for i := range rs {
		rs[i].Start = time.Unix(int64(i), int64(i)*5e8)
	}
	data, warnings := written(t, "a.csv", "csv", rs, Options{Columns: []string{"tenant"}})
	const want = "time,prompt_tokens,output_tokens,tenant\n0,3,4,a\n1.5,3,4,b\n"
	if string(data) != want {
		t.Errorf("got\n%s\nwant\n%s", data, want)
	}
	if diff := cmp.Diff([]string{"the format csv has no place for model: it is lost, in 1 of 2 requests"}, warnings); diff != "" {
		t.Error(diff)
	}
}

// The layouts are those of the published files, as their documentation shows them.
func TestLayouts(t *testing.T) {
	rs := []workload.Record{
		{Start: time.Date(2023, 11, 16, 18, 15, 46, 680590000, time.UTC), Requests: 1, Prompt: 374, Output: 44, Latency: 2500 * time.Millisecond, Model: "GPT-4"},
		{Start: time.Date(2023, 11, 17, 0, 0, 1, 0, time.UTC), Requests: 1, Prompt: 396, Output: 109},
	}
	for format, want := range map[string]string{
		"azure": "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-17 00:00:01.0000000,396,109\n",
		"burstgpt": "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
			"65746.68059,,2.5,GPT-4,374,44,418,API log\n86401,,,,396,109,505,API log\n",
		"mooncake": `{"timestamp": 0, "input_length": 374, "output_length": 44, "hash_ids": []}` + "\n" +
			`{"timestamp": 20654319, "input_length": 396, "output_length": 109, "hash_ids": []}` + "\n",
		"jsonl": `{"time":"2023-11-16T18:15:46.68059Z","prompt_tokens":374,"output_tokens":44,"model":"GPT-4","latency":2.5}` + "\n" +
			`{"time":"2023-11-17T00:00:01Z","prompt_tokens":396,"output_tokens":109}` + "\n",
	} {
		if data, _ := written(t, "a", format, rs, Options{Columns: all, Dated: true}); string(data) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", format, data, want)
		}
	}
}

// The memory of a writer does not grow with the trace.
func BenchmarkWrite(b *testing.B) {
	for _, format := range FormatNames() {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			w, err := NewWriter(io.Discard, format, Options{Columns: []string{"tenant", "max_tokens"}, Dated: true})
			if err != nil {
				b.Fatal(err)
			}
			r := workload.Record{Requests: 1, Prompt: 1000, Output: 100, Tenant: "web", MaxTokens: 1024}
			for i := range b.N {
				r.Start = time.Unix(1772442000, int64(i)*12_345_678)
				r.Prompt = int64(100 + i*7919%4000)
				if err := w.Write(&r); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
