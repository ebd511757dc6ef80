package scenarios

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
)

// start is what a scenario file to begin with is made from.
type start struct {
	File, Name, About        string
	Fitted                   []string // how it was fitted to a log, in lines
	Duration                 string
	Instances                int
	Arrivals, Prompt, Output string
	MaxTokens                uint32 // 0 = none is declared
	Provider, Why            string
}

// Start returns a commented scenario file to begin with, for a file of that name.
func Start(file, name string) ([]byte, error) {
	return start{File: file, Name: scalarText(name), About: "what this scenario is about, in one line", Duration: "10m", Instances: 4,
		Arrivals: "{process: poisson, rate: 2.5/s}",
		Prompt:   "{dist: lognormal, p50: 900, p95: 4000, max: 14_000}",
		Output:   "{dist: lognormal, p50: 130, p95: 450, max: 1000}", MaxTokens: 1024,
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
	f, err := log.Fit()
	if err != nil {
		return nil, err
	}
	span := f.Span()
	s := start{File: file, Name: scalarText(name), About: "traffic like that of a usage log", Instances: 1,
		Duration: short(min(longestStart, max(time.Second, span.Round(time.Second)))),
		Prompt:   lengthText(f.Prompt), Output: lengthText(f.Output)}
	s.Provider, s.Why, _ = DeploymentOf(f.Models, known)
	s.say("The workload is fitted to %s (format %s), %s requests in %s:", singleLine(log.Name), f.Format, grouped(f.Rows), short(span.Round(time.Millisecond)))
	rate := rateText(min(f.Rate, workload.MaxRate))
	switch {
	case f.Rate == 0:
		s.Arrivals = fmt.Sprintf("{process: spike, at: 0s, calls: %d}", min(f.Rows, workload.MaxCalls))
		s.say("- all requests come at one instant;")
	case f.Rows < 20:
		s.Arrivals = "{process: poisson, rate: " + rate + "}"
		s.say("- %s on average; they are too few to tell whether they come in bursts;", rate)
	case f.Poisson:
		s.Arrivals = "{process: poisson, rate: " + rate + "}"
		s.say("- %s on average; the gaps vary as those of independent requests do (cv %.2f);", rate, f.CV)
	default:
		cv := min(max(f.CV, workload.MinCV), workload.MaxCV)
		s.Arrivals = fmt.Sprintf("{process: gamma, rate: %s, cv: %s}", rate, plain(rounded(cv)))
		s.say("- %s on average; the gaps have a coefficient of variation of %.2f, where independent", rate, f.CV)
		s.say("  requests have 1. Slow changes, as of night and day, are part of it: the process diurnal or")
		s.say("  'ratesim compare --trace' keeps them apart;")
	}
	s.say("- tokens by the median and the 95 %% quantile of prompts and of answers, cut at the largest;")
	if f.Sized < f.Rows {
		s.say("  those are of the first %s requests;", grouped(f.Sized))
	}
	switch {
	case f.Declared == 0:
		s.say("- the log has no max_tokens.")
	case f.MinDeclared == f.MaxDeclared && f.Declared == f.Rows:
		s.MaxTokens = f.MaxDeclared
		s.say("- all requests declare max_tokens %d.", f.MaxDeclared)
	default:
		s.MaxTokens = f.MaxDeclared
		s.say("- max_tokens is the largest of the log; %s of %s requests declare one, of %d or more.", grouped(f.Declared), grouped(f.Rows), f.MinDeclared)
	}
	for _, w := range f.Warnings {
		s.say("Left out: %s.", singleLine(w))
	}
	if span > longestStart {
		s.say("It lasts %s, where the log has %s.", short(longestStart), short(span.Round(time.Second)))
	}
	return s.write()
}

func (s *start) say(format string, args ...any) {
	s.Fitted = append(s.Fitted, fmt.Sprintf(format, args...))
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

// lengthText writes a number of tokens as a distribution.
func lengthText(s workload.Sizes) string {
	if s.P50 == s.Max {
		return fmt.Sprint(s.Max)
	}
	return fmt.Sprintf("{dist: lognormal, p50: %d, p95: %d, max: %d}", s.P50, s.P95, s.Max)
}

// rateText writes a rate, of calls a second, in the unit that needs the fewest digits.
func rateText(rate float64) string {
	for _, u := range []struct {
		seconds float64
		name    string
	}{{1, "s"}, {60, "m"}} {
		if v := rate * u.seconds; v >= 1 {
			return plain(rounded(v)) + "/" + u.name
		}
	}
	return plain(rounded(rate*3600)) + "/h"
}

// rounded keeps three digits.
func rounded(v float64) float64 {
	if v <= 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	if unit < 1 { // dividing by a power of ten is exact where multiplying by its inverse is not
		return math.Round(v/unit) / math.Round(1/unit)
	}
	return math.Round(v/unit) * unit
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
