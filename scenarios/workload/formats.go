package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// AutoFormat asks to tell the format of a log by its beginning.
const AutoFormat = "auto"

// Format describes a format of usage logs.
type Format struct {
	Name     string `json:"name"`
	About    string `json:"about"`    // what it is and where it comes from, one line
	Requests bool   `json:"requests"` // one row is one request, so that it can be replayed; else a bucket of time
}

// format is a Format and how it is read.
type format struct {
	Format
	in    container  // what it comes in
	tells [][]string // names of columns or keys: all of one of these lists tell the format
	open  func(*input) reader
}

// container is a set of the syntaxes that a format comes in.
type container uint8

const (
	inCSV container = 1 << iota // and, of requests, the columns of Parquet
	inJSON
	inParquet
)

func (c container) String() string {
	switch c {
	case inCSV:
		return "CSV"
	case inParquet:
		return "Parquet"
	case inJSON:
		return "JSON"
	}
	return "CSV or JSON"
}

// formats lists all formats; of several that a file may be, the first is it.
func formats() []format {
	const either = inCSV | inJSON
	return []format{
		{Format{plainFormat, "CSV, Parquet or lines of JSON of your own: time, prompt_tokens, output_tokens, or what --columns maps to them", true}, either,
			[][]string{{"time", "prompt_tokens", "output_tokens"}}, openPlain},
		{Format{"azure", "CSV of the Azure LLM inference traces of 2023 and 2024", true}, inCSV,
			[][]string{{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}}, openAzureTrace},
		{Format{"burstgpt", "CSV of the BurstGPT traces", true}, inCSV,
			[][]string{{"Timestamp", "Request tokens", "Response tokens"}}, openBurstGPT},
		{Format{"qwen-bailian", "lines of JSON of the Qwen-Bailian traces", true}, inJSON,
			[][]string{{"chat_id", "parent_chat_id", "timestamp", "input_length", "output_length"}}, openBailian},
		{Format{"mooncake", "lines of JSON of the Mooncake traces", true}, inJSON,
			[][]string{{"timestamp", "input_length", "output_length"}}, openMooncake},
		{Format{"servegen", "CSV of the clients of ServeGen: their rates in windows of time, without tokens", false}, inCSV,
			[][]string{{"client", "window_start_s", "rate_rps", "cv"}}, openServeGen},
		{Format{"openai-batch", "lines of JSON that OpenAI's batch API takes; all arrive at once", true}, inJSON,
			[][]string{{"custom_id", "method", "url", "body"}}, openOpenAIBatch},
		{Format{"openai", "JSON pages of OpenAI's usage API, /v1/organization/usage/completions", false}, inJSON,
			[][]string{{"start_time", "end_time", "results"}, {"object", "data", "has_more"}}, openOpenAI},
		{Format{"openai-csv", "CSV that OpenAI's usage dashboard exports (completions)", false}, inCSV,
			[][]string{{"start_time", "end_time", "start_time_iso", "end_time_iso"}, {"start_time", "end_time", "input_tokens", "output_tokens"}}, openOpenAICSV},
		{Format{"azure-monitor", "JSON of Azure Monitor: az monitor metrics list", false}, inJSON,
			[][]string{{"interval", "value", "timeseries"}}, openAzureMonitor},
		{Format{"azure-logs", "CSV or JSON of the Log Analytics table AzureMetrics", false}, either,
			[][]string{{"TimeGenerated", "MetricName", "Total", "TimeGrain"}, {"TimeGenerated [UTC]", "MetricName", "Total", "TimeGrain"}}, openAzureLogs},
		{Format{"anthropic", "JSON pages of Anthropic's usage report, /v1/organizations/usage_report/messages", false}, inJSON,
			[][]string{{"starting_at", "ending_at", "results"}}, openAnthropic},
		{Format{"litellm", "CSV or JSON of the LiteLLM proxy's LiteLLM_SpendLogs", true}, either,
			[][]string{{"startTime", "prompt_tokens", "completion_tokens"}}, openLiteLLM},
		{Format{"langfuse", "CSV or JSON of Langfuse's observations", true}, either,
			[][]string{{"start_time", "usage_details"}, {"startTime", "usageDetails"}}, openLangfuse},
		{Format{"helicone", "CSV or JSON of Helicone's requests", true}, either,
			[][]string{{"request_created_at", "prompt_tokens", "completion_tokens"}}, openHelicone},
		{Format{"dev-proxy", "CSV of Microsoft Dev Proxy's OpenAIUsageDebuggingPlugin", true}, inCSV,
			[][]string{{"time", "status", "prompt tokens", "completion tokens"}}, openDevProxy},
	}
}

// plainFormat is the format that maps columns.
const plainFormat = "plain"

// Formats returns all formats.
func Formats() []Format {
	var all []Format
	for _, f := range formats() {
		all = append(all, f.Format)
	}
	return all
}

// FormatNames returns AutoFormat and the names of all formats.
func FormatNames() []string {
	names := []string{AutoFormat}
	for _, f := range formats() {
		names = append(names, f.Name)
	}
	return names
}

// sniffed is how much of a log may tell its format, and so the longest header
// line, in bytes.
const sniffed = 64 << 10

// sniff returns the format of the log, nil if it is none known or another than
// was asked for.
func (in *input) sniff() *format {
	head, err := in.bytes.Peek(sniffed)
	if err != nil && err != io.EOF && bytes.IndexByte(head, '\n') < 0 { // else the error comes after some rows
		in.stop(1, 0, "cannot be read: %v", err)
		return nil
	}
	if rest, ok := bytes.CutPrefix(head, []byte("\ufeff")); ok {
		in.bytes.Discard(len(head) - len(rest))
		head = rest
	}
	all := formats()
	asked, ok := in.asked(all)
	if !ok {
		return nil
	}
	in.names, in.cut = in.namesIn(head), len(head) == sniffed
	is := inCSV
	switch {
	case in.parquet != nil:
		is = inParquet
	case in.json:
		is = inJSON
		in.lines = isJSONLines(head, "data")
	}
	if in.err == nil && asked != nil && !asked.comesIn(is) {
		in.stop(1, 0, "format %s is %s, this is %s", asked.Name, asked.in, is)
	}
	if in.err != nil {
		return nil
	}
	if asked != nil && len(in.Columns) > 0 {
		return asked // its columns have other names
	}
	for i := range all {
		f := &all[i]
		if !f.comesIn(is) || !slices.ContainsFunc(f.tells, func(tell []string) bool { return len(missing(tell, in.names)) == 0 }) {
			continue
		}
		if asked != nil && f != asked {
			if asked.lacks(in.names) == "" {
				continue
			}
			in.stop(1, 0, "header is that of format %s, not %s", f.Name, asked.Name)
		}
		return f
	}
	if in.json && len(head) < sniffed && holdsNothing(head) {
		in.stop(0, 0, "has no rows of usage")
	} else if asked == nil || asked.lacks(in.names) != "" {
		in.stop(1, 0, "%s", in.unknownFormat(all, asked, head))
	}
	return asked
}

// comesIn reports whether there are files of the format in a container. Requests in CSV may
// be Parquet as well, with the same columns.
func (f *format) comesIn(is container) bool {
	return f.in&is != 0 || is == inParquet && f.in&inCSV != 0 && f.Requests
}

// asked returns the format that was asked for, nil if none was.
func (in *input) asked(all []format) (f *format, ok bool) {
	name := in.Format
	if name == AutoFormat {
		name = ""
	}
	if len(in.Columns) > 0 {
		if name != "" && name != plainFormat {
			return nil, in.stop(0, 0, "columns are mapped in logs of format %s, not %s", plainFormat, name)
		}
		name = plainFormat
	}
	if name == "" {
		return nil, true
	}
	i := slices.IndexFunc(all, func(f format) bool { return f.Name == name })
	if i < 0 {
		return nil, in.stop(0, 0, "unknown format %q; allowed: %s", name, strings.Join(FormatNames(), ", "))
	}
	return &all[i], true
}

// lacks returns the name that f is told by and that is not among names, "" if
// none is.
func (f *format) lacks(names []string) string {
	least := missing(f.tells[0], names)
	for _, tell := range f.tells[1:] {
		if m := missing(tell, names); len(m) < len(least) {
			least = m
		}
	}
	return strings.Join(least, ", ")
}

func missing(wanted, names []string) []string {
	var lacking []string
	for _, w := range wanted {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, w) }) {
			lacking = append(lacking, w)
		}
	}
	return lacking
}

// unknownFormat says why a log is not of the format asked for, or of none, and
// which it is nearest to.
func (in *input) unknownFormat(all []format, asked *format, head []byte) string {
	if in.parquet != nil {
		head = []byte(strings.Join(in.names, ",")) // to be quoted
	}
	guess := guessColumns(in.names)
	if asked != nil && asked.Name == plainFormat && guess.likely() {
		return guess.message(in.names)
	}
	if asked != nil {
		return fmt.Sprintf("format %s is told by %s, which is not here: got %s", asked.Name, asked.lacks(in.names), excerpt(firstLine(head)))
	}
	hint := ""
	if bytes.Count(firstLine(head), []byte(";")) > 1 {
		hint = "; its columns must be separated by commas"
	}
	nearest, most := (*format)(nil), 0.7 // of the names; fewer are chance
	for i := range all {
		for _, tell := range all[i].tells {
			if share := 1 - float64(len(missing(tell, in.names)))/float64(len(tell)); share > most {
				nearest, most = &all[i], share
			}
		}
	}
	switch {
	case nearest == nil && guess.likely():
		return guess.message(in.names)
	case nearest == nil && !in.json && allNumbers(in.names):
		return fmt.Sprintf("must begin with a line that names its columns, such as time,prompt_tokens,output_tokens; got %s", excerpt(firstLine(head)))
	case nearest == nil && !in.json && hint == "" && len(in.names) > 1: // it has columns
		return guess.message(in.names) + "; 'ratesim list formats' prints the formats that are known by their columns"
	case nearest != nil:
		hint = fmt.Sprintf("; nearest is %s, for which it lacks %s", nearest.Name, nearest.lacks(in.names))
	}
	return fmt.Sprintf("is of no format known: begins %s%s; known: %s; in a log of your own, --columns says which columns hold what",
		excerpt(firstLine(head)), hint, strings.Join(FormatNames()[1:], ", "))
}

// allNumbers reports whether all names begin with a digit, as values do where there is no
// header line.
func allNumbers(names []string) bool {
	return len(names) > 1 && !slices.ContainsFunc(names, func(n string) bool { return n == "" || n[0] < '0' || n[0] > '9' })
}

func firstLine(head []byte) []byte {
	line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// namesIn returns what the beginning of a log tells its format by: the columns
// of the header line, or the keys of its JSON objects.
func (in *input) namesIn(head []byte) []string {
	text := bytes.TrimSpace(head)
	switch {
	case len(text) == 0:
		in.stop(0, 0, "is empty")
	case bytes.HasPrefix(text, []byte("\x1f\x8b")) || bytes.HasPrefix(text, []byte("\x28\xb5\x2f\xfd")):
		in.stop(0, 0, "is compressed twice; unpack it once")
	case bytes.HasPrefix(head, []byte(parquetMagic)):
		if in.parquet = in.openParquet(); in.parquet == nil {
			return nil
		}
		var names []string
		for _, c := range parquetColumns(in.parquet) {
			names = append(names, c.name)
		}
		return names
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		in.stop(0, 0, "is a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV")
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		in.stop(0, 0, "is UTF-16, as some shells and Excel write; save it as UTF-8")
	case text[0] == '{' || text[0] == '[':
		in.json = true
		return jsonKeys(text)
	case bytes.IndexByte(text, '\n') < 0 && len(head) == sniffed:
		in.stop(1, 0, "line is longer than %d bytes", sniffed)
	default:
		return csvColumns(firstLine(text))
	}
	return nil
}

// holdsNothing reports whether a JSON text is lists, and pages with a list, without
// anything in them: exports of a time without usage, which any format may be.
func holdsNothing(text []byte) bool {
	for dec := json.NewDecoder(bytes.NewReader(text)); ; {
		var v any
		if err := dec.Decode(&v); err != nil {
			return err == io.EOF
		} else if !rowless(v) {
			return false
		}
	}
}

func rowless(v any) bool {
	switch v := v.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !rowless(x) })
	case map[string]any:
		for _, list := range []string{"data", "value"} {
			if rows, ok := v[list].([]any); ok {
				return len(rows) == 0
			}
		}
	}
	return false
}

// jsonKeys returns the keys of all objects in the beginning of a JSON text.
func jsonKeys(head []byte) []string {
	var keys []string
	var inObject []bool // of each open object or array
	key := false        // the next string is a key
	for dec := json.NewDecoder(bytes.NewReader(head)); ; {
		t, err := dec.Token()
		if err != nil {
			return keys // cut, for the most part
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				inObject = append(inObject, t == '{')
			} else {
				inObject = inObject[:len(inObject)-1]
			}
			key = len(inObject) > 0 && inObject[len(inObject)-1]
			continue
		case string:
			if key {
				keys = append(keys, t)
				key = false
				continue
			}
		}
		key = len(inObject) > 0 && inObject[len(inObject)-1]
	}
}
