package workload

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bucket writes a bucket of OpenAI's usage API.
func bucket(start, end, results string) string {
	return `{"object":"bucket","start_time":` + start + `,"end_time":` + end + `,"results":[` + results + "]}"
}

func TestBadUsage(t *testing.T) {
	const used = `{"input_tokens":5,"output_tokens":1,"num_model_requests":1}`
	page := func(buckets ...string) string {
		return `{"object":"page","data":[` + strings.Join(buckets, ",\n") + `],"has_more":false}`
	}
	const (
		count     = " must be a whole number from 0 to 4398046511104, got "
		lite      = "request_id,startTime,prompt_tokens,completion_tokens\n"
		fuse      = "start_time,usage_details\n"
		dashboard = "start_time,end_time,start_time_iso,end_time_iso"
	)
	tests := []struct{ name, text, want string }{
		{"empty", "", "u: is empty"},
		{"empty page", page(), "u: has no rows of usage"},
		{"costs", `{"object":"page","data":[{"object":"bucket","start_time":0,"end_time":60,"results":[{"object":"organization.costs.result","amount":{"value":1}}]}],"has_more":false}`,
			`u:1:26: results[0]: is a "organization.costs.result"; want the usage of completions`},
		{"workbook", "PK\x03\x04....", "u: is a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV"},
		{"UTF-16", "\xff\xfet\x00i\x00", "u: is UTF-16, as some shells and Excel write; save it as UTF-8"},
		{"other JSON", `{"a": {"b": 1}}`, `u:1: is of no format known: begins "{\"a\": {\"b\": 1}}"` + known()},
		{"nearly LiteLLM", "startTime,prompt_tokens,tokens\n", "u:1: lacks the columns time, output_tokens; it has startTime, prompt_tokens, tokens; say which of them hold what, such as --columns 'time=startTime,output_tokens=COLUMN'"},
		{"export without usage", dashboard + "\n", "u:1: has no columns input_tokens and output_tokens; the export of a time without usage has none"},

		{"negative", page(bucket("0", "60", `{"input_tokens":-5,"output_tokens":1}`)), `u:1:26: results[0]: input_tokens` + count + `"-5"`},
		{"fraction", page(bucket("0", "60", used), bucket("60", "120", `{"input_tokens":5,"output_tokens":1.5}`)), `u:2:1: results[0]: output_tokens` + count + `"1.5"`},
		{"huge", page(bucket("0", "60", `{"input_tokens":1e300}`)), `u:1:26: results[0]: input_tokens` + count + `"1e300"`},
		{"text for a number", page(bucket("0", "60", `{"input_tokens":"many"}`)), `u:1:26: the results of the bucket that begins here: json: invalid number literal, trying to unmarshal "\"many\"" into Number`},
		{"bucket ends before", page(bucket("60", "0", used)), "u:1:26: the bucket from 1970-01-01T00:01:00Z to 1970-01-01T00:00:00Z must end after it begins, within a year"},
		{"results missing", page(bucket("0", "60", used), `{"start_time":60,"end_time":120}`), "u:2:1: the bucket that begins here has no results"},
		{"more cached than prompt", page(bucket("0", "60", `{"input_tokens":5,"input_cached_tokens":6,"output_tokens":1}`)), "u:1: 6 of 5 prompt tokens are cached; cached tokens are a part of them"},
		{"overlap", page(bucket("0", "3600", used), bucket("60", "120", used)), "u:2: the bucket of 1970-01-01T00:01:00Z overlaps that of line 1; are two exports in the file?"},
		{"overlap at the start", page(bucket("0", "60", used), bucket("0", "120", used)), "u:2: 1970-01-01T00:00:00Z is in line 1 too, with other numbers; is a page or an export in the file twice?"},
		{"another export", page(bucket("0", "60", used)) + "\n" + page(bucket("0", "60", strings.Replace(used, "5", "6", 1))),
			"u:2: 1970-01-01T00:00:00Z is in line 1 too, with other numbers; is a page or an export in the file twice?"},
		{"years", page(bucket("0", "60", used), bucket("99999960", "100000020", used)), "u:2: 1973-03-03T09:46:00Z is more than 366 days after the first row, 1970-01-01T00:00:00Z"},
		{"cut", page(bucket("0", "60", used), bucket("60", "120", used))[:190], "u:2: the file ends within a value that begins here; is it cut short?"},
		{"not JSON any more", page(bucket("0", "60", used)) + "\n}", "u:2:1: is not JSON: invalid character '}' looking for beginning of value"},
		{"a number among pages", "[" + page(bucket("0", "60", used)) + ",\n7]", "u:2: holds 7 where an object must be"},
		{"deep", "[" + page(bucket("0", "60", used)) + "," + strings.Repeat("[", 100), "u:1:27: is nested deeper than 16 lists and pages"},

		{"request twice", lite + "a,2026-03-01 09:00:00,5,1\nb,2026-03-01 09:00:00,5,1\na,2026-03-01 09:00:00,5,2\n",
			"u:4: 2026-03-01T09:00:00Z is in line 2 too, with other numbers; is a page or an export in the file twice?"},
		{"not a time", lite + "a,yesterday,5,1\n", `u:2:3: time must be a date such as "2026-03-01T09:00:00Z" or "2026-03-01 09:00:00.123", got "yesterday"`},
		{"seconds", lite + "a,12.5,5,1\n", `u:2:3: time must be a date such as "2026-03-01T09:00:00Z" or "2026-03-01 09:00:00.123", got "12.5"`},
		{"ancient", lite + "a,0001-01-01 00:00:00,5,1\n", "u:2: time 0001-01-01 00:00:00 must be from 1970 to 2200"},
		{"zones mixed", lite + "a,2026-03-01 09:00:00,5,1\nb,2026-03-01 09:00:00Z,5,1\n", `u:3:3: time "2026-03-01 09:00:00Z" has a zone, but times above have none; write all in one way`},
		{"usage not an object", fuse + "2026-03-01 09:00:00,5\n", "u:2:21: usage_details must be an object of numbers: json: cannot unmarshal number into Go value of type map[string]json.Number"},
		{"negative usage", fuse + `2026-03-01 09:00:00,"{""input"": -1}"` + "\n", `u:2:21: input in usage_details must be a whole number from 0 to 4294967295, got "-1"`},

		{"no output metric", `{"interval":"PT1M","value":[` + "\n" + `{"name":{"value":"ProcessedPromptTokens"},"timeseries":[{"data":[{"timeStamp":"2026-03-01T09:00:00Z","total":5}]}]}]}`,
			"u: has no metric GeneratedTokens; export ProcessedPromptTokens, GeneratedTokens and AzureOpenAIRequests"},
		{"no prompt metric", `{"interval":"PT1M","value":[` + "\n" + `{"name":{"value":"GeneratedTokens"},"timeseries":[{"data":[{"timeStamp":"2026-03-01T09:00:00Z","total":5}]}]}]}`,
			"u: has no metric ProcessedPromptTokens; export ProcessedPromptTokens, GeneratedTokens and AzureOpenAIRequests"},
		{"another metric", `{"interval":"PT1M","value":[` + "\n" + `{"name":{"value":"TokenTransaction"},"timeseries":[{"data":[{"timeStamp":"2026-03-01T09:00:00Z","total":5}]}]}]}`,
			"u: has no metric of prompt and output tokens (it has: TokenTransaction); export ProcessedPromptTokens, GeneratedTokens and AzureOpenAIRequests"},
		{"no interval", `{"interval":"often","value":[` + "\n" + `{"name":{"value":"GeneratedTokens"},"timeseries":[]}]}`,
			`u:2:1: interval before this metric must be such as PT1M, got "often"`},
		{"half a token", `{"interval":"PT1M","value":[` + "\n" + `{"name":{"value":"GeneratedTokens"},"timeseries":[{"data":[{"timeStamp":"2026-03-01T09:00:00Z","total":5.5}]}]}]}`,
			`u:2:1: timeseries[0].data[0]: total of GeneratedTokens` + count + `"5.5"`},
	}
	for _, tt := range tests {
		_, _, err := readUsage(t, "u", strings.NewReader(tt.text), UsageOptions{})
		if _, ok := errors.AsType[*FileError](err); !ok {
			t.Errorf("%s: error %v is not a *FileError", tt.name, err)
		} else if err.Error() != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, err, tt.want)
		}
	}
}

// A JSON export of a time without usage has no rows, of whatever format it is.
func TestNoRows(t *testing.T) {
	const none = "u: has no rows of usage"
	for text, want := range map[string]string{
		"[]": none,
		`{"data":[],"has_more":false,"next_page":null}`:                        none,
		`[{"data":[]}, {"data":[]}]` + "\n" + `{"value":[],"interval":"PT1M"}`: none,
		"{}":                          `u:1: is of no format known: begins "{}"` + known(),
		`[{"data":[]}, {"data":[7]}]`: `u:1: is of no format known: begins "[{\"data\":[]}, {\"data\":[7]}]"` + known(),
	} {
		if _, _, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{}); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

// known is the end of the message about a log of no format known.
func known() string {
	return "; known: " + strings.Join(FormatNames()[1:], ", ") + "; in a log of your own, --columns says which columns hold what"
}

func TestFormatAskedFor(t *testing.T) {
	const plain = "time,prompt_tokens,output_tokens\n0,1,2\n"
	tests := []struct{ format, text, want string }{
		{"auto", plain, ""},
		{"plain", plain, ""},
		{"azure", plain, "u:1: header is that of format plain, not azure"},
		{"openai", plain, "u:1: format openai is JSON, this is CSV"},
		{"litellm", "a,b\n", `u:1: format litellm is told by startTime, prompt_tokens, completion_tokens, which is not here: got "a,b"`},
		{"litellm", "[]", "u: has no rows of usage"},
		{"litellm", plain, "u:1: header is that of format plain, not litellm"},
		{"lite", plain, `u: unknown format "lite"; allowed: ` + strings.Join(FormatNames(), ", ")},
	}
	for _, tt := range tests {
		_, _, err := readUsage(t, "u", strings.NewReader(tt.text), UsageOptions{Format: tt.format})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got error %q, want %q", tt.format, got, tt.want)
		}
	}
}

// What is left out or assumed is said.
func TestUsageWarnings(t *testing.T) {
	const used = `{"input_tokens":5,"output_tokens":1,"num_model_requests":1}`
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip(err)
	}
	local := func(times ...string) string {
		return lines("time,prompt_tokens,output_tokens", times, func(s string) string { return s + ",1,1" })
	}
	tests := []struct {
		name, text string
		o          UsageOptions
		times      string // of the rows
		warning    string
	}{
		{"a page twice", bucket("0", "60", used) + "\n" + bucket("60", "120", used) + "\n" + bucket("0", "60", used), UsageOptions{},
			"00:00:00 00:01:00", "u:3: is in the log twice, with the same numbers; it counts once"},
		{"another width", bucket("0", "60", used) + "\n" + bucket("60", "3600", used), UsageOptions{},
			"00:00:00 00:01:00", "u:2: is a bucket of another width than those before"},
		{"no model", bucket("0", "60", used), UsageOptions{Model: "gpt-4o"}, "00:00:00", "u:1: does not say of which model it is; it is taken to be gpt-4o"},
		{"no zone", local("2026-03-01 09:00:00", "2026-03-01 10:00:00"), UsageOptions{}, "09:00:00 10:00:00", "u:2: times have no zone; UTC is assumed"},
		{"a zone given", local("2026-03-01 09:00:00", "2026-07-01 09:00:00"), UsageOptions{Location: berlin}, "08:00:00 07:00:00", ""},
		{"clocks go forward", local("2026-03-29 01:59:59", "2026-03-29 03:00:00"), UsageOptions{Location: berlin}, "00:59:59 01:00:00", ""},
		{"clocks go back in the west", local("2026-11-01 01:30:00", "2026-11-01 01:00:00"), UsageOptions{Location: newYork}, "05:30:00 06:00:00",
			"u:2: clocks in America/New_York went back and this time came twice; unless the rows above say otherwise, the first is meant (here and in 1 more rows)"},
		{"batches", bucket("0", "60", used+`,{"batch":true,"input_tokens":7}`), UsageOptions{}, "00:00:00 00:00:00",
			"u:1: is usage of the batch API, which has limits of its own; it is left out"},
		{"groups that look alike", bucket("0", "60", used+`,{"input_tokens":7}`) + "\n" + bucket("0", "60", used+`,{"input_tokens":7}`), UsageOptions{}, "00:00:00 00:00:00",
			"u:2: is in the log twice, with the same numbers; it counts once (here and in 1 more rows)"},
		{"batches in CSV", "start_time,end_time,input_tokens,output_tokens,batch\n0,60,5,1,false\n0,60,7,1,True\n", UsageOptions{}, "00:00:00 00:00:00",
			"u:3: is usage of the batch API, which has limits of its own; it is left out"},
		{"clocks go back", local("2026-10-25 02:30:00", "2026-10-25 02:59:59", "2026-10-25 02:00:00", "2026-10-25 02:30:00", "2026-10-25 03:00:00"), UsageOptions{Location: berlin},
			"00:30:00 00:59:59 01:00:00 01:30:00 02:00:00",
			"u:2: clocks in Europe/Berlin went back and this time came twice; unless the rows above say otherwise, the first is meant (here and in 3 more rows)"},
	}
	for _, tt := range tests {
		u, rows, err := readUsage(t, "u", strings.NewReader(tt.text), tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var times []string
		for _, r := range rows {
			times = append(times, r.Start.UTC().Format(time.TimeOnly))
		}
		if strings.HasPrefix(tt.name, "batches") && rows[0].Prompt+rows[1].Prompt != 5 {
			t.Errorf("%s: %+v, want 5 prompt tokens", tt.name, rows)
		}
		if got := strings.Join(times, " "); got != tt.times {
			t.Errorf("%s: rows at %s, want %s", tt.name, got, tt.times)
		}
		if got := strings.Join(u.Warnings(), "\n"); got != tt.warning {
			t.Errorf("%s: got warning %q, want %q", tt.name, got, tt.warning)
		}
	}
	_, _, err = readUsage(t, "u", strings.NewReader(local("2026-03-29 01:59:59", "2026-03-29 02:30:00")), UsageOptions{Location: berlin})
	want := "u:3:1: time 2026-03-29 02:30:00 never was in Europe/Berlin: clocks went forward over it; write times with a zone, or name the right one"
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// Buckets of other models still tell that their time was recorded.
func TestOtherModelsLeaveEmptyBuckets(t *testing.T) {
	text := bucket("0", "60", `{"input_tokens":5,"model":"a"}`) + bucket("60", "120", `{"input_tokens":7,"model":"b"}`)
	_, rows, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{Model: "b"})
	want := []Record{{Start: time.Unix(0, 0).UTC(), Width: time.Minute, Line: 1}, {Start: time.Unix(60, 0).UTC(), Width: time.Minute, Prompt: 7, Model: "b", Line: 1}}
	if diff := cmp.Diff(want, rows); diff != "" || err != nil {
		t.Errorf("error %v, rows (-want +got):\n%s", err, diff)
	}
}

func TestSameModel(t *testing.T) {
	same := []string{"gpt-4o", "GPT-4o", "azure/gpt-4o", "openai/eu/gpt-4o", "gpt-4o-2024-08-06", "azure/gpt-4o-2024-08-06", "gpt-4o@20240806", "gpt-4o-20240806"}
	for _, name := range same {
		if !SameModel(name, "gpt-4o") {
			t.Errorf("%s is not gpt-4o", name)
		}
	}
	for _, name := range []string{"gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4", "", "gpt-4o-2024-13-06", "ft:gpt-4o", "gpt-4o/"} {
		if SameModel(name, "gpt-4o") {
			t.Errorf("%s is gpt-4o", name)
		}
	}
}

// Buckets cannot be replayed, requests of any format can.
func TestUsageAsTrace(t *testing.T) {
	for _, f := range Formats() {
		files, _ := filepath.Glob(filepath.Join("testdata", "usage", f.Name+".*"))
		for _, file := range files {
			s, err := (&Log{Name: file}).Describe()
			switch {
			case f.Name == "servegen" || f.Name == "openai-batch": // see TestServeGen and TestBatchFile
			case !f.Requests && (err == nil || !strings.Contains(err.Error(), "is of format "+f.Name+", which sums usage up over buckets of 1m0s; only single requests can be replayed, as in formats plain, ")):
				t.Errorf("%s: error %v", file, err)
			case f.Requests && (err != nil || s.Rows != 3 || s.First != 0 || s.Span() != 90*time.Second || s.PromptTokens != 5650 || s.OutputTokens != 780):
				t.Errorf("%s: %+v, error %v", file, s, err)
			}
		}
	}
}

// FuzzUsage reads anything, as any format. It ends, and gives sound rows in
// order or says where it is wrong.
func FuzzUsage(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("testdata", "usage", "*.*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("gpt-4o-mini"), []byte("model-b")) // whose tokens take no vocabulary to count
		text = bytes.ReplaceAll(text, []byte("text-embedding"), []byte("embedding"))
		f.Add(text, "", uint8(0))
		f.Add(text[:len(text)*2/3], "gpt-4o", uint8(0))
		for _, data := range packed(f, string(text)) {
			f.Add(data, "", uint8(0))
		}
	}
	f.Add([]byte("time,prompt_tokens,output_tokens\n\"0\n\",1,2\n"), "", uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, model string, format uint8) {
		names := FormatNames()
		u, err := OpenUsage("u", bytes.NewReader(text), UsageOptions{Model: model, Format: names[int(format)%len(names)], SkipBadRows: format > 127})
		if err == nil {
			var last time.Time
			var rec Record
			for rows := 0; u.Next(&rec); rows++ {
				if rec.Start.Before(last) || rec.Cached > rec.Prompt || min(rec.Requests, rec.Cached, rec.Output, int64(rec.Line-1)) < 0 || rec.Width < 0 {
					t.Fatalf("row %d is %+v, after %v", rows, rec, last)
				}
				if last = rec.Start; rows > len(text) {
					t.Fatal("has more rows than bytes")
				}
			}
			if err = u.Err(); err == nil {
				return
			}
		}
		if e, ok := errors.AsType[*FileError](err); !ok || e.Line < 0 || e.Column < 0 {
			t.Fatalf("error %v is not a *FileError of a place", err)
		}
	})
}
