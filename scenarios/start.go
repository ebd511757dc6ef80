package scenarios

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/fit"
)

// start is what a scenario file to begin with is made from.
type start struct {
	File, Name, About string
	Fitted            []string // how it was fitted to a log, in lines
	Duration          string
	Instances         int
	Stream            []string // arrivals and tokens, in lines
	MaxTokens         uint32   // 0 = none is declared
	Provider, Why     string
}

// Start returns a commented scenario file to begin with, for a file of that name.
func Start(file, name string) ([]byte, error) {
	return start{File: file, Name: scalarText(name), About: "what this scenario is about, in one line", Duration: "10m", Instances: 4,
		Stream: []string{"arrivals: {process: poisson, rate: 2.5/s}",
			"prompt_tokens: {dist: lognormal, p50: 900, p95: 4000, max: 14_000}",
			"output_tokens: {dist: lognormal, p50: 130, p95: 450, max: 1000}"}, MaxTokens: 1024,
		Provider: standIn, Why: "others: ratesim list providers"}.write()
}

// StartFrom returns the text of an embedded scenario, or of claims/NAME, to begin with.
func StartFrom(file, name, embedded string) ([]byte, error) {
	known := Library()
	for _, c := range Claims() {
		known = append(known, "claims/"+c)
	}
	if !slices.Contains(known, embedded) {
		return nil, fmt.Errorf("%s", unknown("embedded scenario", embedded, known))
	}
	data, err := readScenario(embedded, nil)
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf("# yaml-language-server: $schema=ratesim.schema.json\n# A copy of the embedded scenario %s.\n"+
		"# Check it:  ratesim validate %s\n# Run it:    ratesim compare %s\n", embedded, file, file)
	if name != "" {
		data = regexp.MustCompile(`(?m)^name:.*$`).ReplaceAllLiteral(data, []byte("name: "+scalarText(name)))
	}
	return append([]byte(head), data...), nil
}

// longestStart bounds how long a scenario fitted to a log lasts: enough to see what a
// log of weeks does to a limit per minute, in seconds of computing.
const longestStart = time.Hour

// StartLike returns a scenario file whose workload is like a log.
func StartLike(file, name string, log *workload.Log, known *catalog.Catalog) ([]byte, error) {
	sample, err := fit.Read(log)
	if err != nil {
		return nil, err
	}
	f := Fitted{File: file, Name: name, Source: log.Name, Sample: sample, Model: sample.Fit(fit.Choice{})}
	return f.Scenario(known)
}

// Fitted is a workload that is fitted to a log, to be written as a scenario file.
type Fitted struct {
	File, Name string
	Source     string // what the log is called
	Sample     *fit.Sample
	Model      *fit.Model
	Provider   string   // of the deployment; "" = the smallest tier of the log's model
	Proof      []string // how it was held against the log, in sentences
}

// Duration is how long the scenario lasts: as long as the rows that were fitted, but not
// longer than shows what it does.
func (f *Fitted) Duration() time.Duration {
	longest := longestStart
	if f.Model.Period > 0 {
		longest = 24 * time.Hour // its rates are the point
	}
	return min(longest, max(time.Second, f.Sample.Span().Round(time.Second)))
}

// Scenario returns the scenario file.
func (f *Fitted) Scenario(known *catalog.Catalog) ([]byte, error) {
	sum := &f.Sample.Summary
	s := start{File: f.File, Name: scalarText(f.Name), About: "traffic like that of a usage log", Instances: 1,
		Duration: short(f.Duration()), Stream: f.Model.StreamText(4), Provider: f.Provider, Why: "as --provider says"}
	if f.Provider == "" {
		s.Provider, s.Why, _ = DeploymentOf(sum.Models, known)
	}
	span := f.Sample.Span()
	s.say("The workload is fitted to %s (format %s), %s requests in %s.", singleLine(f.Source), sum.Format, grouped(int64(len(f.Sample.Kept))), short(span.Round(time.Millisecond)))
	if !f.Sample.Whole() {
		s.say("These are the first of its %s requests.", grouped(sum.Rows))
	}
	if rate := f.Sample.Rate(); rate > 0 {
		s.say("They come at %.4g/s on average; the gaps between them have a coefficient of variation of %.2f, where independent requests have 1.", rate, f.Sample.CV())
	}
	if f.Sample.Step > 0 {
		s.say("The log's clock has steps of %s, so that many requests share an instant. For the fit they are spread over the step at random.", short(f.Sample.Step))
	}
	for _, part := range []struct {
		name string
		*fit.Part
	}{{"Arrivals", &f.Model.Arrivals}, {"Prompt tokens", &f.Model.Prompt}, {"Output tokens", &f.Model.Output}} {
		s.say("%s: %s. %s", part.name, part.Chosen, part.Why)
	}
	if r := f.Model.RankCorrelation; r != 0 {
		s.say("Prompt and output go together: their ranks have a correlation of %.3f.", r)
	}
	if f.Sample.NoOutput > 0 {
		s.say("%s requests have no output. They count with an output of one token, as when the log is replayed.", grouped(f.Sample.NoOutput))
	}
	s.declared(sum)
	for _, w := range sum.Warnings {
		s.say("Left out: %s.", singleLine(w))
	}
	for _, p := range f.Proof {
		s.say("%s", singleLine(p))
	}
	if d := f.Duration(); span > d+time.Second {
		s.say("It lasts %s, where the log has %s.", short(d), short(span.Round(time.Second)))
	}
	return s.write()
}

// declared says which max_tokens the requests of a log declare.
func (s *start) declared(sum *workload.Summary) {
	switch {
	case sum.Declared == 0:
		s.say("The log has no max_tokens.")
	case sum.MinDeclared == sum.MaxDeclared && sum.Declared == sum.Rows:
		s.MaxTokens = sum.MaxDeclared
		s.say("All requests declare max_tokens %d.", sum.MaxDeclared)
	default:
		s.MaxTokens = sum.MaxDeclared
		s.say("max_tokens is the largest of the log; %s of %s requests declare one, of %d or more.", grouped(sum.Declared), grouped(sum.Rows), sum.MinDeclared)
	}
}

// say adds a paragraph to the comment, broken into lines.
func (s *start) say(format string, args ...any) {
	const width = 110
	line := "-"
	for _, word := range strings.Fields(fmt.Sprintf(format, args...)) {
		if len(line)+1+len(word) > width {
			s.Fitted = append(s.Fitted, line)
			line = " "
		}
		line += " " + word
	}
	s.Fitted = append(s.Fitted, line)
}

func (s start) write() ([]byte, error) {
	text, err := library.ReadFile("start.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the scenario to begin with: %w", err)
	}
	t, err := template.New("start").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the scenario to begin with: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s); err != nil {
		return nil, fmt.Errorf("writing the scenario to begin with: %w", err)
	}
	return out.Bytes(), nil
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// scalarText writes a text as YAML reads it back.
func scalarText(s string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./ -]*$`).MatchString(s) && strings.TrimSpace(s) == s {
		return s
	}
	return strconv.Quote(s)
}

// singleLine keeps a text from ending a comment.
func singleLine(s string) string { return strings.Join(strings.Fields(s), " ") }
