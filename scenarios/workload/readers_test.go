package workload

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

// packed returns a text as gzip and zstd have it.
func packed(t testing.TB, text string) map[string][]byte {
	t.Helper()
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{g, z} {
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return map[string][]byte{"gzip": gz.Bytes(), "zstd": zs.Bytes()}
}

// A compressed log reads as it does unpacked, wherever it is cut short it is an error, and
// so is a byte of it that was changed.
func TestCompressed(t *testing.T) {
	var text strings.Builder
	text.WriteString(plainHeader + "\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "%d,%d,%d\n", i, i*7919%4001+1, i%500)
	}
	want, err := readAll(strings.NewReader(text.String()), "")
	if err != nil {
		t.Fatal(err)
	}
	for kind, data := range packed(t, text.String()) {
		got, err := readAll(bytes.NewReader(data), "")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: error %v, rows (-want +got):\n%s", kind, err, diff)
		}
		for _, cut := range []int{5, 12, len(data) / 2, len(data) - 1} {
			_, err := readAll(bytes.NewReader(data[:cut]), "")
			if err == nil || !strings.Contains(err.Error(), "its "+kind+" data are cut short, so rows are missing") {
				t.Errorf("%s cut to %d of %d bytes: error %v", kind, cut, len(data), err)
			}
		}
		bad := slices.Clone(data)
		bad[len(bad)/2] ^= 0x55
		if _, err := readAll(bytes.NewReader(bad), ""); err == nil {
			t.Errorf("%s: a changed byte is no error", kind)
		}
	}
}

// Times are read in whichever of their usual forms a log has.
func TestTimesOfALog(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 250e6, time.UTC)
	for _, tt := range []struct{ column, first, second string }{
		{"time", "0", "12.5"},
		{"ts_ms", "0", "12500"},
		{"time", "1772355600.25", "1772355612.75"},
		{"time", "1772355600250", "1772355612750"},
		{"time", "1772355600250000", "1772355612750000"},
		{"time", "1772355600250000000", "1772355612750000000"},
		{"time_ms", "1772355600250", "1772355612750"},
		{"time", "2026-03-01T09:00:00.25Z", "2026-03-01T09:00:12.75Z"},
		{"time", "2026-03-01 09:00:00.250000 UTC", "2026-03-01 09:00:12.750000 UTC"},
		{"time", "2026-03-01 10:00:00.25+01", "2026-03-01 10:00:12.75+01"},
		{"time", "2026-03-01 04:30:00.25-0430", "2026-03-01 04:30:12.75-0430"},
		{"time", "2026-03-01 09:00:00.25", "2026-03-01 09:00:12.75"},
	} {
		text := tt.column + ",prompt_tokens,output_tokens\n" + tt.first + ",1,2\n" + tt.second + ",3,4\n"
		u, rows, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{Columns: Columns{"time": tt.column}})
		if err != nil || len(rows) != 2 {
			t.Errorf("%s: %d rows and error %v", tt.first, len(rows), err)
			continue
		}
		want := at
		if u.Relative() {
			want = time.Unix(0, 0)
		}
		if !rows[0].Start.Equal(want) || rows[1].Start.Sub(rows[0].Start) != 12500*time.Millisecond {
			t.Errorf("%s %s and %s: read as %v and %v, want %v and 12.5 s later", tt.column, tt.first, tt.second, rows[0].Start, rows[1].Start, want)
		}
	}
}

// Dates are read as package time reads them.
func TestDateAgainstTime(t *testing.T) {
	layouts := []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.000000-0700", "2006-01-02 15:04:05-07"}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 7_000_000_000).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		layout := rapid.SampledFrom(layouts).Draw(t, "layout")
		hours := rapid.IntRange(-12, 14).Draw(t, "hours")
		text := at.In(time.FixedZone("", hours*3600)).Format(layout)
		want, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		got, zone, ok := (&timeReader{}).date([]byte(text))
		if !ok || zone == nil || !got.Equal(want) || got.Format(layout) != text {
			t.Fatalf("%s: got %v, %v, want %v", text, got, ok, want)
		}
	})
}

// FuzzDate: what is taken for a date is one for package time too, at the same instant.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"2026-02-29T00:00:00Z", "2024-02-29 23:59:59.999999999+14:00", "2026-04-31T00:00:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00-0530"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, zone, ok := (&timeReader{}).date([]byte(s))
		if !ok || zone == nil || strings.HasSuffix(s, "UTC") || strings.HasSuffix(s, "z") {
			return
		}
		text := s[:10] + "T" + s[11:]
		if i := strings.LastIndexAny(text[19:], "+-"); i >= 0 { // as RFC 3339 has the zone
			zone := strings.Replace(text[19+i:], ":", "", 1) + "00"
			text = strings.TrimSuffix(text[:19+i], " ") + zone[:3] + ":" + zone[3:5]
		}
		text = strings.Replace(text, " Z", "Z", 1)
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || !want.Equal(got) {
			t.Fatalf("%q: got %v, package time reads %q as %v, error %v", s, got, text, want, err)
		}
	})
}

// A log of any columns is read by what they are mapped to, as CSV and as lines of JSON.
func TestColumns(t *testing.T) {
	want := []Record{
		{Start: time.Unix(0, 0).UTC(), Requests: 1, Prompt: 10, Cached: 4, Output: 5, MaxTokens: 100, Model: "gpt-4o", Tenant: "web", Status: 200,
			Latency: 1500 * time.Millisecond, Cost: 0.25, Priced: true, Line: 2},
		{Start: time.Unix(2, 0).UTC(), Requests: 1, Prompt: 7, Output: 0, Tenant: "night", Status: 429, Line: 3},
	}
	columns, err := ParseColumns("time=ts, prompt_tokens=usage.in,output_tokens=usage.out,cached_tokens=hit,max_tokens=cap,model=engine,tenant=team,status=code,latency=took_ms,cost=price")
	if err != nil {
		t.Fatal(err)
	}
	csv := "x,ts,usage.in,usage.out,hit,cap,engine,team,code,took_ms,price\n" +
		"\"a,b\",0,10,5,4,100,gpt-4o,web,200,1500,$0.25\n,2,7,0,,,,night,429 Too Many Requests,,\n"
	jsonl := "\n" + `{"x": {"ts": 9, "team": "no"}, "ts": 0, "usage": {"in": 10, "out": 5, "more": {"in": 3}}, "hit": 4, "cap": 100, "engine": "gpt-4o", "team": "w\u0065b", "code": 200, "took_ms": 1500, "price": "0.25"}` + "\r\n" +
		` {"usage":{"out":0,"in":7},"ts":2,"team":"night","code":"429","took_ms":null}`
	for name, text := range map[string]string{"csv": csv, "jsonl": jsonl} {
		_, rows, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{Columns: columns})
		if diff := cmp.Diff(want, rows); diff != "" || err != nil {
			t.Errorf("%s: error %v, rows (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestBadColumns(t *testing.T) {
	for text, want := range map[string]string{
		"":                `want NAME=COLUMN,... such as time=ts,prompt_tokens=in_tok,tenant=team, got ""`,
		"time":            `want NAME=COLUMN,... such as time=ts,prompt_tokens=in_tok,tenant=team, got "time"`,
		"time=a,time=b":   "time is mapped twice",
		"tiem=a":          `"tiem" is not what a column can hold; allowed: ` + strings.Join(ColumnNames(), ", "),
		"time=a,tenant=a": `column "a" is both tenant and time`,
	} {
		if _, err := ParseColumns(text); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	const header = "ts,in_tok,out_tok,team\n0,1,2,a\n"
	for _, tt := range []struct{ columns, format, text, want string }{
		{"", "", header, "u:1: lacks the columns time, prompt_tokens, output_tokens; it has ts, in_tok, out_tok, team; say which of them hold what, such as --columns 'time=ts,prompt_tokens=in_tok,output_tokens=out_tok,tenant=team'"},
		{"time=ts", "", header, "u:1: has no column prompt_tokens, and --columns names none for it; it has ts, in_tok, out_tok, team"},
		{"time=when", "", header, "u:1: has no column when, which --columns names for time; it has ts, in_tok, out_tok, team"},
		{"time=ts,tenant=user,prompt_tokens=in_tok,output_tokens=out_tok", "", header, "u:1: has no column user, which --columns names for tenant; it has ts, in_tok, out_tok, team"},
		{"time=ts", "azure", header, "u: columns are mapped in logs of format plain, not azure"},
		{"", "plain", header, "u:1: lacks the columns time, prompt_tokens, output_tokens; it has ts, in_tok, out_tok, team; say which of them hold what, such as --columns 'time=ts,prompt_tokens=in_tok,output_tokens=out_tok,tenant=team'"},
		{"", "", `{"ts": 1, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}`, "u:1: lacks the columns time, output_tokens; it has ts, usage, prompt_tokens, completion_tokens; say which of them hold what, such as --columns 'time=ts,output_tokens=completion_tokens'"},
		{"", "", "req_time_s,client,prompt_tokens,output_tokens,rejected_rpm5\n", "u:1: lacks the column time; it has req_time_s, client, prompt_tokens, output_tokens, rejected_rpm5; say which of them hold what, such as --columns 'time=req_time_s,tenant=client'"},
	} {
		o := UsageOptions{Format: tt.format}
		if tt.columns != "" {
			var err error
			if o.Columns, err = ParseColumns(tt.columns); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := readUsage(t, "u", strings.NewReader(tt.text), o); err == nil || err.Error() != tt.want {
			t.Errorf("%s %s:\n got %v\nwant %s", tt.columns, tt.format, err, tt.want)
		}
	}
}

// Bad rows are left out and counted where that was asked for.
func TestSkipBadRows(t *testing.T) {
	const csv = plainHeader + "\n0,1,2\n1,x,2\n2,3,4\n3,4\n4,5\"6,7\n-1,5,6\n5,7,8\n"
	const jsonl = `{"time":0,"prompt_tokens":1,"output_tokens":2}
{"time":1,"prompt_tokens":"x","output_tokens":2}
{"time":2,"prompt_tokens":3,"output_tokens":4}
{"time":3,"prompt_tokens":4}
{"time":4,"prompt_tokens":5,
[1]
{"time":5,"prompt_tokens":7,"output_tokens":8}
`
	for name, text := range map[string]string{"csv": csv, "jsonl": jsonl} {
		u, rows, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{SkipBadRows: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var prompts []int64
		for _, r := range rows {
			prompts = append(prompts, r.Prompt)
		}
		if !slices.Equal(prompts, []int64{1, 3, 7}) || u.BadRows() != 4 {
			t.Errorf("%s: prompts %v and %d bad rows, want 1, 3, 7 and 4", name, prompts, u.BadRows())
		}
		w := strings.Join(u.Warnings(), "\n")
		if !strings.Contains(w, `prompt_tokens must be a whole number from 0 to 4294967295, got "x"; the row is left out (here and in 3 more rows)`) {
			t.Errorf("%s: warnings %s", name, w)
		}
		if _, _, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{}); err == nil || !strings.Contains(err.Error(), `prompt_tokens must be`) {
			t.Errorf("%s: without --skip-bad-rows the error is %v", name, err)
		}
	}
	_, _, err := readUsage(t, "u", strings.NewReader(plainHeader+"\nx,1,2\ny,1,2\n"), UsageOptions{SkipBadRows: true})
	if err == nil || !strings.HasPrefix(err.Error(), "u:2: none of its 2 rows can be read: time must be a number") {
		t.Errorf("all rows bad: error %v", err)
	}
	for kind, data := range packed(t, csv+strings.Repeat("6,7,8\n", 1000)) { // what is damaged as a whole is not skipped
		if _, _, err := readUsage(t, "u", bytes.NewReader(data[:len(data)-3]), UsageOptions{SkipBadRows: true}); err == nil {
			t.Errorf("%s that is cut short is no error", kind)
		}
	}
}

// Rows that are not in order are put in order, and said to be.
func TestUnsorted(t *testing.T) {
	u, rows, err := readUsage(t, "u", strings.NewReader(plainHeader+"\n5,1,2\n4.5,3,4\n7,5,6\n"), UsageOptions{})
	if err != nil || len(rows) != 3 || rows[0].Prompt != 3 || rows[1].Prompt != 1 {
		t.Fatalf("rows %+v, error %v", rows, err)
	}
	if got := u.Warnings(); len(got) != 1 || got[0] != "u:3: is earlier than the row above; rows are sorted by time" {
		t.Errorf("warnings %q", got)
	}
}

// Rows of other models are counted.
func TestOtherModelsAreCounted(t *testing.T) {
	text := "time,prompt_tokens,output_tokens,model\n" + strings.Repeat("0,1,2,gpt-4o\n", 2) + strings.Repeat("1,1,2,o3\n", 3) + "2,1,2,azure/gpt-4o-mini\n"
	u, rows, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{Model: "gpt-4o"})
	models, n := u.Others()
	if err != nil || len(rows) != 2 || n != 4 || !slices.Equal(models, []string{"o3", "azure/gpt-4o-mini"}) {
		t.Errorf("%d rows, %d of %v, error %v", len(rows), n, models, err)
	}
	want := "u: 4 rows are of o3, azure/gpt-4o-mini, not of gpt-4o; they are left out"
	if got := u.Warnings(); !slices.Equal(got, []string{want}) {
		t.Errorf("warnings %q, want %s", got, want)
	}
}

// The mooncake steps are spread: no request leaves its step, and the order of the steps stays.
func TestMooncakeSteps(t *testing.T) {
	var text strings.Builder
	for step, n := range []int{5, 1, 40, 0, 0, 7} {
		for range n {
			fmt.Fprintf(&text, `{"timestamp": %d, "input_length": %d, "output_length": 1, "hash_ids": []}`+"\n", step*3000, step+1)
		}
	}
	u, rows, err := readUsage(t, "u", strings.NewReader(text.String()), UsageOptions{})
	if err != nil || len(rows) != 53 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	distinct := map[time.Time]bool{}
	for _, r := range rows {
		from := time.Unix(3*(r.Prompt-1), 0)
		if d := r.Start.Sub(from); d < 0 || d >= 3*time.Second {
			t.Errorf("a request of the step at %v is at %v", from.UTC(), r.Start)
		}
		distinct[r.Start] = true
	}
	if len(distinct) != 53 {
		t.Errorf("%d instants, want 53", len(distinct))
	}
	if w := u.Warnings(); len(w) != 1 || !strings.Contains(w[0], "steps of about 3 s") {
		t.Errorf("warnings %q", w)
	}
	_, again, _ := readUsage(t, "u", strings.NewReader(text.String()), UsageOptions{})
	if diff := cmp.Diff(rows, again); diff != "" {
		t.Errorf("the second reading differs:\n%s", diff)
	}
}

func TestServeGen(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "usage", "servegen.csv"))
	if err != nil {
		t.Fatal(err)
	}
	u, rows, err := readUsage(t, "servegen.csv", bytes.NewReader(text), UsageOptions{})
	if err != nil || u.Granularity() != 10*time.Minute || !u.Relative() {
		t.Fatalf("granularity %v, relative %v, error %v", u.Granularity(), u.Relative(), err)
	}
	got := map[string]int64{}
	for _, r := range rows {
		got[fmt.Sprintf("%s at %d", r.Tenant, r.Start.Unix())] += r.Requests
	}
	if diff := cmp.Diff(map[string]int64{"0 at 0": 300, "0 at 600": 150, "1 at 0": 60}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// The tokens are those that OpenAI's cookbook and tokenizer page count: 6 for the system
// prompt, 3 for the greeting, 4 for a message and 3 for the reply. The image, which cannot be
// read, is taken to have 1,024 by 1,024 pixels, which gpt-4o-mini counts as 2833 and 4 × 5667.
func TestBatchFile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "usage", "openai-batch.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	u, rows, err := readUsage(t, "b", bytes.NewReader(text), UsageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64][2]int64{}
	for _, r := range rows {
		got[int64(r.Line)] = [2]int64{r.Prompt, r.Output}
	}
	if diff := cmp.Diff(map[int64][2]int64{1: {2*4 + 3 + 6 + 3, 1000}, 2: {4 + 3 + 3 + 2833 + 4*5667, 0}, 3: {3 + 3, 0}}, got); diff != "" {
		t.Errorf("prompt and output by line (-want +got):\n%s", diff)
	}
	if len(u.Warnings()) != 3 {
		t.Errorf("warnings %q", u.Warnings())
	}
}

// BurstGPT's newer files have two more columns, and a failed call has no response.
func TestBurstGPT(t *testing.T) {
	const text = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
		"5,1,,ChatGPT,472,0,472,Conversation log\n45.5,2,3.25,GPT-4,1087,230,1317,API log\n"
	u, rows, err := readUsage(t, "u", strings.NewReader(text), UsageOptions{})
	want := []Record{
		{Start: time.Unix(5, 0).UTC(), Requests: 1, Prompt: 472, Model: "ChatGPT", Line: 2},
		{Start: time.Unix(45, 5e8).UTC(), Requests: 1, Prompt: 1087, Output: 230, Model: "GPT-4", Latency: 3250 * time.Millisecond, Line: 3},
	}
	if diff := cmp.Diff(want, rows); diff != "" || err != nil || u.Format() != "burstgpt" {
		t.Errorf("format %s, error %v, rows (-want +got):\n%s", u.Format(), err, diff)
	}
}

// FuzzJSONLines: a line that package json takes for an object gives the values that it
// finds, and one that it does not is refused where a wanted value is wrong.
func FuzzJSONLines(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":{"c":"x\"y","a":[{"c":2}]},"d":null}`, `{"b":{"c":-1.5e3}} `, `{}`, `{"a":"\u00e9\\"}`, `{"b":[],"a":true}`, `{"a" : {"c":1} , "b.c":2}`, `{"a":1}}`, `{"a":}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n\r") || len(line) == 0 || line[0] != '{' || strings.Contains(line, "b.c") {
			return
		}
		in := &input{}
		in.bytes = bufio.NewReader(strings.NewReader(line))
		l := newJSONLines(in, [][]string{{"a"}, {"b.c"}})
		_, ok := l.next()
		var a map[string]json.RawMessage
		if json.Unmarshal([]byte(line), &a) != nil || strings.Contains(line, `\u`) || twice(line) {
			return
		}
		if !ok {
			t.Fatalf("%s is refused: %v", line, in.err)
		}
		var b map[string]json.RawMessage
		json.Unmarshal(a["b"], &b)
		for i, want := range []json.RawMessage{a["a"], b["c"]} {
			if got := l.text(i); string(got) != string(jsonText(want)) {
				t.Fatalf("%s: value %d is %q, want %q", line, i, got, jsonText(want))
			}
		}
	})
}

// twice reports whether a key may be in an object more than once, of which package json takes
// the last, and merges objects.
func twice(line string) bool {
	return strings.Count(line, `"a"`) > 1 || strings.Count(line, `"b"`) > 1 || strings.Count(line, `"c"`) > 1
}

// The decimal parts of numbers are those that strconv reads.
func TestParseDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(0, 1e12).Draw(t, "v")
		text := fmt.Sprintf("%.*f", rapid.IntRange(0, 12).Draw(t, "digits"), v)
		var want float64
		fmt.Sscan(text, &want)
		whole, part, ok := parseDecimal([]byte(text))
		if got := float64(whole) + part; !ok || math.Abs(got-want) > 1e-15*want {
			t.Fatalf("%s: %v + %v", text, whole, part)
		}
	})
}

// A row that is too far behind its place to be sorted is refused, with what to do.
func TestTooMuchDisorder(t *testing.T) {
	var feed feeder
	for i, s := range []int64{5, 6, 7, 8, 9, 1} {
		feed = append(feed, Record{Start: time.Unix(s, 0).UTC(), Requests: 1, Line: i + 2})
	}
	in := &input{file: "f"}
	s := newSorter(in, &format{Format: Format{Requests: true}}, &feed)
	s.window = 2
	for it := (item{}); s.next(&it); {
	}
	const want = "f:7: 1970-01-01T00:00:01Z is more than 2 rows behind its place, which is too far to sort; sort the file by time first, such as with sort or a database"
	if in.err == nil || in.err.Error() != want {
		t.Errorf("error %v, want %s", in.err, want)
	}
}
