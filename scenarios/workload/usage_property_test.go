package workload

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// bucketKey is a bucket and a group of it.
type bucketKey struct {
	start time.Time
	model string
}

// sumsByBucket sums requests up over buckets of a width, in random order of the
// groups.
func sumsByBucket(t *rapid.T, requests []Record, width time.Duration) (keys []bucketKey, sums map[bucketKey]minute) {
	sums = map[bucketKey]minute{}
	for _, r := range requests {
		k := bucketKey{r.Start.Truncate(width), r.Model}
		m := sums[k]
		sums[k] = minute{m.Requests + 1, m.Prompt + r.Prompt, m.Cached + r.Cached, m.Output + r.Output}
	}
	keys = slices.SortedFunc(maps.Keys(sums), func(a, b bucketKey) int {
		return cmp.Or(a.start.Compare(b.start), strings.Compare(a.model, b.model))
	})
	return rapid.Permutation(keys).Draw(t, "order"), sums
}

// writers write requests in each format; those of buckets take their width.
var writers = map[string]func(*rapid.T, []Record, time.Duration) string{
	"plain": func(_ *rapid.T, rs []Record, _ time.Duration) string {
		return lines("time,prompt_tokens,output_tokens,cached_tokens,model", rs, func(r Record) string {
			return fmt.Sprintf("%s,%d,%d,%d,%s", r.Start.Format(time.RFC3339Nano), r.Prompt, r.Output, r.Cached, r.Model)
		})
	},
	"litellm": func(t *rapid.T, rs []Record, _ time.Duration) string {
		return lines("startTime,model,metadata,prompt_tokens,completion_tokens,request_id", rapid.Permutation(rs).Draw(t, "order"), func(r Record) string {
			return fmt.Sprintf(`%s,azure/%s,"{""usage_object"":{""prompt_tokens_details"":{""cached_tokens"":%d}}}",%d,%d,%d`,
				r.Start.Format("2006-01-02 15:04:05.000"), r.Model, r.Cached, r.Prompt, r.Output, r.Line)
		})
	},
	"langfuse": func(t *rapid.T, rs []Record, _ time.Duration) string {
		return lines("", rapid.Permutation(rs).Draw(t, "order"), func(r Record) string {
			return fmt.Sprintf(`{"id":"%d","type":"GENERATION","start_time":"%s","usage_details":{"input":%d,"input_cached_tokens":%d,"output":%d}}`,
				r.Line, r.Start.Format("2006-01-02 15:04:05.000000"), r.Prompt-r.Cached, r.Cached, r.Output)
		})
	},
	"helicone": func(t *rapid.T, rs []Record, _ time.Duration) string {
		return lines("", rapid.Permutation(rs).Draw(t, "order"), func(r Record) string {
			return fmt.Sprintf(`{"request_id":"%d","request_created_at":"%s","prompt_tokens":%d,"prompt_cache_read_tokens":%d,"completion_tokens":%d}`,
				r.Line, r.Start.Format(time.RFC3339Nano), r.Prompt-r.Cached, r.Cached, r.Output)
		})
	},
	"dev-proxy": func(_ *rapid.T, rs []Record, _ time.Duration) string {
		return lines("time,status,prompt tokens,completion tokens,cached tokens", rs, func(r Record) string {
			return fmt.Sprintf("%s,200,%d,%d,%d", r.Start.In(time.FixedZone("", 3600)).Format("2006-01-02T15:04:05.0000000Z07:00"), r.Prompt, r.Output, r.Cached)
		})
	},
	"openai": func(t *rapid.T, rs []Record, width time.Duration) string {
		keys, sums := sumsByBucket(t, rs, width)
		byStart := map[time.Time][]map[string]any{}
		for _, k := range keys {
			s := sums[k]
			byStart[k.start] = append(byStart[k.start], map[string]any{"input_tokens": s.Prompt, "input_cached_tokens": s.Cached,
				"output_tokens": s.Output, "num_model_requests": s.Requests, "model": k.model})
		}
		var text strings.Builder
		for start, results := range byStart { // a page each, in any order
			page := map[string]any{"object": "page", "data": []any{map[string]any{"object": "bucket", "start_time": start.Unix(),
				"end_time": start.Add(width).Unix(), "results": results}}, "has_more": false}
			b, _ := json.MarshalIndent(page, "", " ")
			text.Write(b)
		}
		return text.String()
	},
	"openai-csv": func(t *rapid.T, rs []Record, width time.Duration) string {
		keys, sums := sumsByBucket(t, rs, width)
		return lines("start_time,end_time,model,num_model_requests,input_tokens,output_tokens,input_cached_tokens", keys, func(k bucketKey) string {
			s := sums[k]
			return fmt.Sprintf("%d,%d,%s,%d.0,%d.0,%d,%d", k.start.Unix(), k.start.Add(width).Unix(), k.model, s.Requests, s.Prompt, s.Output, s.Cached)
		})
	},
	"anthropic": func(t *rapid.T, rs []Record, width time.Duration) string {
		keys, sums := sumsByBucket(t, rs, width)
		slices.SortStableFunc(keys, func(a, b bucketKey) int { return a.start.Compare(b.start) })
		var text strings.Builder
		for i, k := range keys {
			if i == 0 || !k.start.Equal(keys[i-1].start) {
				if i > 0 {
					text.WriteString("]}\n")
				}
				fmt.Fprintf(&text, `{"starting_at":%q,"ending_at":%q,"results":[`, k.start.Format(time.RFC3339), k.start.Add(width).Format(time.RFC3339))
			} else {
				text.WriteString(",")
			}
			s := sums[k]
			fmt.Fprintf(&text, `{"model":%q,"uncached_input_tokens":%d,"cache_creation":{"ephemeral_5m_input_tokens":%d},"cache_read_input_tokens":%d,"output_tokens":%d}`,
				k.model, (s.Prompt-s.Cached)/2, s.Prompt-s.Cached-(s.Prompt-s.Cached)/2, s.Cached, s.Output)
		}
		return text.String() + "]}\n"
	},
	"azure-logs": func(t *rapid.T, rs []Record, width time.Duration) string {
		keys, sums := sumsByBucket(t, rs, width)
		return lines("TimeGenerated,Resource,TimeGrain,MetricName,Total", keys, func(k bucketKey) string {
			prefix := fmt.Sprintf("%s,%s,PT%dM,", k.start.Format(time.RFC3339), k.model, width/time.Minute)
			return fmt.Sprintf("%[1]sProcessedPromptTokens,%[2]d\n%[1]sGeneratedTokens,%[3]d.0\n%[1]sAzureOpenAIRequests,%[4]d", prefix, sums[k].Prompt, sums[k].Output, sums[k].Requests)
		})
	},
	"azure-monitor": func(t *rapid.T, rs []Record, width time.Duration) string {
		keys, sums := sumsByBucket(t, rs, width)
		series := func(metric string, get func(minute) int64) string {
			var all []string
			for _, k := range keys {
				all = append(all, fmt.Sprintf(`{"metadatavalues":[{"name":{"value":"ModelName"},"value":%q}],"data":[{"timeStamp":%q,"total":%d}]}`,
					k.model, k.start.Format(time.RFC3339), get(sums[k])))
			}
			return fmt.Sprintf(`{"name":{"value":%q},"timeseries":[%s]}`, metric, strings.Join(all, ","))
		}
		return fmt.Sprintf(`{"interval":"PT%dM","value":[%s,%s,%s]}`, width/time.Minute,
			series("GeneratedTokens", func(m minute) int64 { return m.Output }),
			series("AzureOpenAIRequests", func(m minute) int64 { return m.Requests }),
			series("ProcessedPromptTokens", func(m minute) int64 { return m.Prompt }))
	},
}

func lines[T any](header string, rows []T, row func(T) string) string {
	var text strings.Builder
	if header != "" {
		text.WriteString(header + "\n")
	}
	for _, r := range rows {
		text.WriteString(row(r) + "\n")
	}
	return text.String()
}

// The same requests give the same sums, in whatever format and granularity
// they come.
func TestSumsDoNotDependOnTheFormat(t *testing.T) {
	request := rapid.Custom(func(t *rapid.T) Record {
		prompt := rapid.Int64Range(0, 20000).Draw(t, "prompt")
		return Record{
			Start:  time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 3*3600*1000).Draw(t, "ms")) * time.Millisecond),
			Prompt: prompt, Cached: rapid.Int64Range(0, prompt).Draw(t, "cached"), Output: rapid.Int64Range(0, 4000).Draw(t, "output"),
			Model: rapid.SampledFrom([]string{"gpt-4o", "gpt-4o-mini", "o3"}).Draw(t, "model"), Requests: 1,
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		requests := rapid.SliceOfN(request, 1, 40).Draw(t, "requests")
		slices.SortStableFunc(requests, func(a, b Record) int { return a.Start.Compare(b.Start) })
		for i := range requests {
			requests[i].Line = i + 1 // their ID
		}
		for _, name := range slices.Sorted(maps.Keys(writers)) {
			widths := []time.Duration{time.Minute, time.Hour}
			if i := slices.IndexFunc(Formats(), func(f Format) bool { return f.Name == name }); Formats()[i].Requests {
				widths = []time.Duration{0}
			}
			for _, width := range widths {
				text := writers[name](t, requests, width)
				u, err := OpenUsage(name, strings.NewReader(text), UsageOptions{})
				if err != nil {
					t.Fatalf("%v, of:\n%s", err, text)
				}
				if u.Format() != name || u.Granularity() != width {
					t.Fatalf("%s: told as %s of %v", name, u.Format(), u.Granularity())
				}
				unit := max(width, time.Minute)
				got, want := sums(u.all(), unit), sums(requests, unit)
				for k, m := range want {
					if strings.HasPrefix(name, "azure") {
						m.Cached = 0
					}
					if name == "anthropic" {
						m.Requests = 0
					}
					want[k] = m
				}
				if diff := gocmp.Diff(want, got); diff != "" || u.Err() != nil {
					t.Fatalf("%s of %v: error %v, sums (-want +got):\n%s\nof:\n%s", name, width, u.Err(), diff, text)
				}
			}
		}
	})
}

// all returns the rows that are left.
func (u *Usage) all() (rows []Record) {
	var rec Record
	for u.Next(&rec) {
		rows = append(rows, rec)
	}
	return rows
}

func sums(rows []Record, unit time.Duration) map[time.Time]minute {
	all := map[time.Time]minute{}
	for _, r := range rows {
		at := r.Start.UTC().Truncate(unit)
		m := all[at]
		all[at] = minute{m.Requests + r.Requests, m.Prompt + r.Prompt, m.Cached + r.Cached, m.Output + r.Output}
	}
	return all
}

// The window sorts any disorder within it, whatever its size, and drops nothing.
func TestSorterAgainstSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.IntRange(1, 8).Draw(t, "window")
		starts := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 60).Draw(t, "seconds")
		slices.Sort(starts)
		for i := range starts { // within the window each
			j := min(len(starts)-1, i+rapid.IntRange(0, window-1).Draw(t, "jump")/2)
			starts[i], starts[j] = starts[j], starts[i]
		}
		feed := make(feeder, len(starts))
		for i, s := range starts {
			feed[i] = Record{Start: time.Unix(int64(s), 0).UTC(), Requests: 1, Line: i + 1}
		}
		in := &input{file: "f"}
		sorter := newSorter(in, &format{}, &feed)
		sorter.window = window
		var got []int
		for it := (item{}); sorter.next(&it); {
			got = append(got, int(it.Start.Unix()))
		}
		want := slices.Clone(starts)
		slices.Sort(want)
		if in.err != nil {
			if displaced(starts) < window {
				t.Fatalf("window %d: %v: %v", window, starts, in.err)
			}
			return
		}
		if !slices.Equal(got, want) {
			t.Fatalf("window %d: %v sorted to %v", window, starts, got)
		}
	})
}

// displaced returns how many later rows the farthest row stands behind.
func displaced(starts []int) (most int) {
	for i := range starts {
		n := 0
		for j := range i {
			if starts[j] > starts[i] {
				n = max(n, i-j)
			}
		}
		most = max(most, n)
	}
	return most
}

// feeder gives records one by one.
type feeder []Record

func (f *feeder) next(it *item) bool {
	if len(*f) == 0 {
		return false
	}
	*it = item{Record: (*f)[0]}
	*f = (*f)[1:]
	return true
}
