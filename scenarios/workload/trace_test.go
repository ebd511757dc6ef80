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

	"github.com/google/go-cmp/cmp"

	"ratesim/sim/clock"
)

const (
	azureHeader = "TIMESTAMP,ContextTokens,GeneratedTokens"
	plainHeader = "time,prompt_tokens,output_tokens"
)

// readAll returns all rows of a trace.
func readAll(r io.Reader, format string) ([]Row, error) {
	t, err := NewTraceReader("t.csv", r, UsageOptions{Format: format})
	if err != nil {
		return nil, err
	}
	var rows []Row
	var row Row
	for t.Next(&row) {
		rows = append(rows, row)
	}
	err = t.Err()
	if t.Next(&row) || t.Err() != err {
		return nil, errors.New("goes on after its end")
	}
	return rows, err
}

func row(seconds float64, prompt, output uint32) Row {
	return Row{At: clock.FromSeconds(seconds), Length: Length{Prompt: prompt, Output: output}}
}

func TestReadTrace(t *testing.T) {
	two := []Row{row(0, 374, 44), row(4.314579, 396, 109)}
	tests := []struct {
		name, text string
		want       []Row
	}{
		{"azure 2023", azureHeader + "\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109", two},
		{"azure 2024", azureHeader + "\n2024-05-10 00:00:00.009930+00:00,374,44\n2024-05-10 00:00:04.324509+00:00,396,109\n", two},
		{"azure 2024, a whole second", azureHeader + "\n2024-05-10 00:00:00+00:00,2,3\n2024-05-10 00:00:01.5+00:00,4,5\n", []Row{row(0, 2, 3), row(1.5, 4, 5)}},
		{"RFC 3339", plainHeader + "\n2026-03-01T09:00:00Z,374,44\n2026-03-01T09:00:04.314579Z,396,109\n", two},
		{"RFC 3339 across zones", plainHeader + "\n2026-03-01T09:00:00+02:00,374,44\n2026-03-01T07:00:04.314579Z,396,109\n", two},
		{"RFC 3339 without zone", plainHeader + "\n2026-02-28T23:59:59,1,2\n2026-03-01T00:00:00,3,4\n", []Row{row(0, 1, 2), row(1, 3, 4)}},
		{"seconds are kept", plainHeader + "\n1.5,1,2\n3,3,4\n", []Row{row(1.5, 1, 2), row(3, 3, 4)}},
		{"small seconds as Python writes them", plainHeader + "\n1.5e-05,1,2\n", []Row{row(0.000015, 1, 2)}},
		{"quotes", plainHeader + "\n\"0\",\"1\",2\n", []Row{row(0, 1, 2)}},
		{"columns in another order", "output_tokens,time,model,prompt_tokens\n2,0,gpt-4o,1\n", []Row{row(0, 1, 2)}},
		{"max_tokens where it is known", "time,prompt_tokens,output_tokens,max_tokens\n0,1,2,\n1,3,4,500\n2,5,6,0\n", []Row{row(0, 1, 2),
			{At: clock.Second, Length: Length{Prompt: 3, Output: 4}, MaxTokens: 500}, row(2, 5, 6)}},
		{"requests without prompt are left out", plainHeader + "\n0,0,0\n1,2,3\n", []Row{row(1, 2, 3)}},
		{"equal times", plainHeader + "\n7,1,2\n7,3,4\n", []Row{row(7, 1, 2), row(7, 3, 4)}},
		{"no output", plainHeader + "\n0,1,0\n", []Row{row(0, 1, 0)}},
		{"blank lines, spaces, byte-order mark", "\ufeff" + plainHeader + "\r\n\r\n 0 , 1 , 2 \r\n  \n\n", []Row{row(0, 1, 2)}},
		{"largest", plainHeader + "\n31622400,4294967295,4294967295\n", []Row{row(366*86400, 4294967295, 4294967295)}},
	}
	for _, tt := range tests {
		got, err := readAll(strings.NewReader(tt.text), "")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestBadTraces(t *testing.T) {
	const seconds = `time must be a number >= 0 such as "12.5", or a date such as "2026-03-01T09:00:00Z", in the same way in every row, got `
	const date = `time must be a date such as "2026-03-01T09:00:00Z" or "2026-03-01 09:00:00.123", got `
	const span = "time must be within 366 days of the start, or a Unix time in every row, got %s"
	const counts = " must be a whole number from 0 to 4294967295, got "
	const prompt, output = "prompt_tokens" + counts, "output_tokens" + counts
	known := known()
	plain := func(rows string) string { return plainHeader + "\n" + rows }
	tests := []struct{ name, text, want string }{
		{"empty", "", "t.csv: is empty"},
		{"header only", plainHeader + "\n", "t.csv: has a header and no rows of usage"},
		{"header alone, without line break", azureHeader, "t.csv: has a header and no rows of usage"},
		{"no header", "0,1,2\n", `t.csv:1: must begin with a line that names its columns, such as time,prompt_tokens,output_tokens; got "0,1,2"`},
		{"another header", "time,prompt,output\n", "t.csv:1: lacks the columns prompt_tokens, output_tokens; it has time, prompt, output; say which of them hold what, such as --columns 'prompt_tokens=prompt,output_tokens=output'"},
		{"a column twice", plainHeader + ",time\n", `t.csv:1: has two columns time`},
		{"another column misspelt", "time,prompt_tokens,output\n0,1,2\n", "t.csv:1: lacks the column output_tokens; it has time, prompt_tokens, output; say which of them hold what, such as --columns 'output_tokens=output'"},
		{"semicolons", "time;prompt_tokens;output_tokens\n0;1;2\n", `t.csv:1: is of no format known: begins "time;prompt_tokens;output_tokens"; its columns must be separated by commas` + known},
		{"compressed", "\x1f\x8b\x08\x00\xff\xfe", "t.csv: cannot be read: its gzip data are cut short, so rows are missing; get the whole file"},
		{"binary", "\x7fELF\x00\xff\xfe", `t.csv:1: is of no format known: begins "\x7fELF\x00\xff\xfe"` + known},
		{"binary row", plain("0,1,2\n\x00\xff\n"), "t.csv:3: want the 3 columns time,prompt_tokens,output_tokens, got 1"},
		{"an extra column", plain("0,1,2,3\n"), "t.csv:2: want the 3 columns time,prompt_tokens,output_tokens, got 4"},
		{"cut short", plain("0,1,2\n1,1"), "t.csv:3: want the 3 columns time,prompt_tokens,output_tokens, got 2; the file ends here, is it cut short?"},
		{"cut before the last count", plain("0,1,2\n1,1,"), "t.csv:3:5: " + output + `""`},
		{"a long field", plain("0,1," + strings.Repeat("2", 1<<20)), "t.csv:2:5: " + output + `"2222222222222222222222222222222222222222"...`},
		{"an endless row", plain("0,1," + strings.Repeat("2", maxRow)), "t.csv:2: row is longer than 16 MB; is a quote never closed?"},
		{"an endless quote", plain("0,1,\"" + strings.Repeat("2\n", maxRow)), "t.csv:2: row is longer than 16 MB; is a quote never closed?"},
		{"an open quote", plain("0,1,\"2\n"), "t.csv:2:5: has a quote that is never closed"},
		{"enormous header", strings.Repeat("x", 1<<20), "t.csv:1: line is longer than 65536 bytes"},
		{"long field", plain("0,1," + strings.Repeat("9", 50)), "t.csv:2:5: " + output + `"9999999999999999999999999999999999999999"...`},
		{"NaN time", plain("NaN,1,2\n"), "t.csv:2:1: " + seconds + `"NaN"`},
		{"negative time", plain("-0.5,1,2\n"), "t.csv:2:1: " + seconds + `"-0.5"`},
		{"infinite time", plain("Inf,1,2\n"), "t.csv:2:1: " + fmt.Sprintf(span, `"Inf"`)},
		{"overflowing time", plain("1e999,1,2\n"), "t.csv:2:1: " + seconds + `"1e999"`},
		{"time past int64", plain("1e300,1,2\n"), "t.csv:2:1: " + fmt.Sprintf(span, `"1e300"`)},
		{"neither from the start nor since 1970", plain("40000000,1,2\n"), "t.csv:2:1: " + fmt.Sprintf(span, `"40000000"`)},
		{"a Unix time behind another kind", plain("5,1,2\n1700000000,1,2\n"), "t.csv:3:1: " + fmt.Sprintf(span, `"1700000000"`)},
		{"empty time", plain(",1,2\n"), "t.csv:2:1: " + seconds + `""`},
		{"date after seconds", plain("5,1,2\n2026-03-01T09:00:00Z,1,2\n"), "t.csv:3:1: " + seconds + `"2026-03-01T09:00:00Z"`},
		{"seconds after date", plain("2026-03-01T09:00:00Z,1,2\n5,1,2\n"), "t.csv:3:1: " + date + `"5"`},
		{"no such date", plain("2026-02-30T09:00:00Z,1,2\n"), "t.csv:2:1: " + date + `"2026-02-30T09:00:00Z"`},
		{"date alone", plain("2026-02-03,1,2\n"), "t.csv:2:1: " + date + `"2026-02-03"`},
		{"dates centuries apart", plain("0001-01-01T00:00:00Z,1,2\n9999-01-01T00:00:00Z,1,2\n"), "t.csv:2: time 0001-01-01 00:00:00 must be from 1970 to 2200"},
		{"dates centuries back", plain("9999-01-01T00:00:00Z,1,2\n0001-01-01T00:00:00Z,1,2\n"), "t.csv:2: time 9999-01-01 00:00:00 must be from 1970 to 2200"},
		{"years", plain("2026-03-01T09:00:00Z,1,2\n2028-03-01T09:00:00Z,1,2\n"), "t.csv:3: 2028-03-01T09:00:00Z is more than 366 days after the first row, 2026-03-01T09:00:00Z"},
		{"nothing to replay", plain("0,0,2\n1,0,2\n"), "t.csv: has no request with prompt tokens"},
		{"cached alone", plainHeader + ",cached_tokens\n0,3,2,4\n", "t.csv:2: 4 of 3 prompt tokens are cached; cached tokens are a part of them"},
		{"zones mixed", plain("2026-03-01T09:00:00Z,1,2\n2026-03-01T10:00:00,1,2\n"), `t.csv:3:1: time "2026-03-01T10:00:00" has no zone, but times above have one; write all in one way`},
		{"no zone, then one", plain("2026-03-01T09:00:00,1,2\n2026-03-01T10:00:00Z,1,2\n"), `t.csv:3:1: time "2026-03-01T10:00:00Z" has a zone, but times above have none; write all in one way`},
		{"negative prompt", plain("0,-1,2\n"), "t.csv:2:3: " + prompt + `"-1"`},
		{"fraction", plain("0.25,1,2.5\n"), "t.csv:2:8: " + output + `"2.5"`},
		{"overflowing output", plain("0,1,4294967296\n"), "t.csv:2:5: " + output + `"4294967296"`},
		{"a quote within a value", plain("0,1\"1,2\n"), `t.csv:2:4: has a " within a value; put the value in quotes and write "" for it`},
		{"a quote in quotes", plain("0,\"1\"1\",2\n"), `t.csv:2:3: has a value that goes on after its quote; write "" for a quote within`},
		{"azure names", azureHeader + "\n2023-11-16 18:15:46,-1,1\n", "t.csv:2:21: ContextTokens" + counts + `"-1"`},
		{"azure with seconds", azureHeader + "\n5,1,2\n", "t.csv:2:1: " + date + `"5"`},
	}
	for _, tt := range tests {
		_, err := readAll(strings.NewReader(tt.text), "")
		if _, ok := errors.AsType[*FileError](err); !ok {
			t.Errorf("%s: error %v is not a *FileError", tt.name, err)
			continue
		}
		if got := err.Error(); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestDeclaredFormat(t *testing.T) {
	text := plainHeader + "\n0,1,2\n"
	if _, err := readAll(strings.NewReader(text), "plain"); err != nil {
		t.Error(err)
	}
	_, err := readAll(strings.NewReader(text), "azure")
	if want := "t.csv:1: header is that of format plain, not azure"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// failing gives some bytes and then an error.
type failing struct{ text string }

func (f *failing) Read(p []byte) (int, error) {
	if f.text == "" {
		return 0, errors.New("disk on fire")
	}
	n := copy(p, f.text)
	f.text = f.text[n:]
	return n, nil
}

func TestReadError(t *testing.T) {
	rows, err := readAll(&failing{plainHeader + "\n0,1,2\n1,"}, "")
	if want := "t.csv:3: cannot be read: disk on fire"; err == nil || err.Error() != want || len(rows) != 0 {
		t.Errorf("got %d rows and error %v, want 0 and %s", len(rows), err, want)
	}
}

func TestOpenTrace(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("azure-conv-2023", plainHeader+"\n0,1,2\n")
	write("bare", plainHeader+"\n0,1,2\n0,1,2\n")
	tests := []struct {
		file string
		rows int64
		err  string
	}{
		{"azure-conv-2023", 2863, ""},
		{"./azure-conv-2023", 1, ""},
		{"bare", 2, ""},
		{"azure-conv", 0, "azure-conv: cannot open the log: no such file or directory; embedded traces: azure-conv-2023"},
		{"", 0, ": cannot open the log: no such file or directory; embedded traces: azure-conv-2023"},
		{".", 0, ".: cannot open the log: it is a folder"},
		{write("empty.csv", ""), 0, dir + "/empty.csv: is empty"},
	}
	for _, tt := range tests {
		s, err := (&Log{Name: tt.file}).Describe()
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.err || s.Rows != tt.rows {
			t.Errorf("%q: %d rows and error %q, want %d and %q", tt.file, s.Rows, got, tt.rows, tt.err)
		}
	}
}

func TestDescribe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(plainHeader+"\n10,7,0\n11,5,30\n11,9,20\n14,6,10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := (&Log{Name: path}).Describe()
	if err != nil {
		t.Fatal(err)
	}
	want := Summary{
		Format: "plain", Rows: 4, First: 10 * clock.Second, Last: 14 * clock.Second,
		PromptTokens: 27, OutputTokens: 60, MinPrompt: 5, MaxPrompt: 9, MaxOutput: 30,
		Kept: []Row{
			{At: 10 * clock.Second, Length: Length{7, 0}}, {At: 11 * clock.Second, Length: Length{5, 30}},
			{At: 11 * clock.Second, Length: Length{9, 20}}, {At: 14 * clock.Second, Length: Length{6, 10}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if want := 4*time.Second + 4*time.Second/3; got.Span() != 4*time.Second || got.Period() != want {
		t.Errorf("span %v and period %v, want 4s and %v", got.Span(), got.Period(), want)
	}
	lengths, err := ReadLengths(path)
	if diff := cmp.Diff([]Length{{7, 0}, {5, 30}, {9, 20}, {6, 10}}, lengths); diff != "" || err != nil {
		t.Errorf("error %v, lengths (-want +got):\n%s", err, diff)
	}
}

// What rows declare, and the models that they name, are summed up.
func TestDescribeWhatIsDeclared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	const text = "time,prompt_tokens,output_tokens,model,max_tokens\n0,1,1,a,\n1,1,1,a,70\n2,1,1,,30\n3,1,1,b,50\n4,0,0,c,9\n5,1,1,a,\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := (&Log{Name: path}).Describe()
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != 5 || got.Declared != 3 || got.MinDeclared != 30 || got.MaxDeclared != 70 {
		t.Errorf("%d of %d rows declare %d to %d", got.Declared, got.Rows, got.MinDeclared, got.MaxDeclared)
	}
	if diff := cmp.Diff(map[string]int64{"a": 3, "b": 1}, got.Models); diff != "" { // c's request has no prompt
		t.Error(diff)
	}
}

// TestPublishedStatistics holds whole traces against figures computed by
// other programs.
func TestPublishedStatistics(t *testing.T) {
	tests := []struct {
		file                 string
		rows                 int64
		span, prompt, output string // seconds and mean tokens, as rounded there
		maxPrompt, maxOutput uint32
	}{
		{"AzureLLMInferenceTrace_conv.csv", 19366, "3502", "1155", "211", 14050, 1000},
		{"AzureLLMInferenceTrace_code.csv", 8819, "3436", "2048", "27.9", 7437, 1899},
	}
	for _, tt := range tests {
		path := filepath.Join("..", "..", "..", "shared", "data", tt.file)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("the whole traces are not part of the repository: %v", err)
		}
		s, err := (&Log{Name: path}).Describe()
		if err != nil {
			t.Fatal(err)
		}
		if s.Rows != tt.rows || s.Format != "azure" || s.MaxPrompt != tt.maxPrompt || s.MaxOutput != tt.maxOutput {
			t.Errorf("%s: %+v, want %+v", tt.file, s, tt)
		}
		span := fmt.Sprintf("%.4g", s.Span().Seconds())
		prompt := fmt.Sprintf("%.4g", float64(s.PromptTokens)/float64(s.Rows))
		output := fmt.Sprintf("%.3g", float64(s.OutputTokens)/float64(s.Rows))
		if span != tt.span || prompt != tt.prompt || output != tt.output {
			t.Errorf("%s: spans %s s, mean tokens %s and %s, want %+v", tt.file, span, prompt, output, tt)
		}
	}
}

// TestEmbeddedIsTheBeginningOfTheTrace keeps the promise of data/README.md.
func TestEmbeddedIsTheBeginningOfTheTrace(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "AzureLLMInferenceTrace_conv.csv"))
	if err != nil {
		t.Skipf("the whole traces are not part of the repository: %v", err)
	}
	excerpt, err := os.ReadFile("data/azure-conv-2023.csv")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(whole, excerpt) {
		t.Error("the excerpt is not the beginning of the trace")
	}
}

func TestEmbedded(t *testing.T) {
	if diff := cmp.Diff([]string{"azure-conv-2023"}, Embedded()); diff != "" {
		t.Errorf("Embedded (-want +got):\n%s", diff)
	}
	for _, name := range Embedded() {
		s, err := (&Log{Name: name}).Describe()
		if err != nil || s.Rows < 1000 {
			t.Errorf("%s: %d rows, error %v", name, s.Rows, err)
		}
	}
}

// FuzzTrace reads anything. What is accepted is written again and must read
// back as the same rows.
func FuzzTrace(f *testing.F) {
	f.Add([]byte(azureHeader + "\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109"))
	f.Add([]byte("\ufeff" + azureHeader + "\n2024-05-10 00:00:00.009930+00:00,374,44\n"))
	f.Add([]byte(plainHeader + "\n2026-03-01T09:00:00Z,374,44\n2026-03-01T09:00:04+02:00,1,2\n"))
	f.Add([]byte(plainHeader + "\n1.5e-05,1,2\n\n3,3,0\n31622400,3,4294967295\n"))
	f.Add([]byte(plainHeader + "\n0,1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := readAll(bytes.NewReader(data), "")
		if err != nil {
			if _, ok := errors.AsType[*FileError](err); !ok {
				t.Fatalf("error %v is not a *FileError", err)
			}
			return
		}
		var again strings.Builder
		again.WriteString(plainHeader + "\n")
		for _, r := range rows {
			fmt.Fprintf(&again, "%d.%09d,%d,%d\n", r.At/clock.Second, r.At%clock.Second, r.Prompt, r.Output)
		}
		got, err := readAll(strings.NewReader(again.String()), "")
		if err != nil {
			t.Fatal(err)
		}
		// A number of seconds keeps each nanosecond for its first 26 days only.
		equal := func(x, y clock.Time) bool { return x == y || x > 1<<51 && max(x-y, y-x) <= 8 }
		if diff := cmp.Diff(rows, got, cmp.Comparer(equal)); diff != "" {
			t.Fatalf("rows (-first +again):\n%s", diff)
		}
	})
}
