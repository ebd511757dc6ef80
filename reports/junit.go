package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"ratesim/reports/words"
)

// JUnit writes the checklists of documents as XML that build servers show: a test suite
// for each scenario, provider or claim, a test case for each line.
type JUnit struct{}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
	Out      string      `xml:"system-out,omitempty"`
	Err      string      `xml:"system-err,omitempty"` // the warnings
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// Report implements Reporter. A document that expects nothing gives an empty suite, so
// that a gate which checks nothing can be seen.
func (JUnit) Report(w io.Writer, d *Document) error {
	all := junitSuites{Name: "ratesim " + words.Printable(d.Kind)}
	lists := d.Checks
	if lists == nil {
		lists = []Checklist{{Name: d.Name}}
	}
	for i := range lists {
		s := junitSuiteOf(&lists[i])
		if len(lists) == 1 {
			s.Out = strings.Join(words.Printables(append([]string{d.Title}, d.Lead...)), "\n")
		}
		if i == 0 && d.Warnings != nil { // XML has no place for those of all suites
			s.Err = strings.Join(words.Printables(d.Warnings), "\n")
		}
		all.Tests, all.Failures, all.Suites = all.Tests+s.Tests, all.Failures+s.Failures, append(all.Suites, s)
	}
	b, err := xml.MarshalIndent(&all, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding JUnit XML: %w", err)
	}
	if _, err := io.WriteString(w, xml.Header+string(b)+"\n"); err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	return nil
}

func junitSuiteOf(list *Checklist) junitSuite {
	s := junitSuite{Name: words.Printable(list.Name), Tests: len(list.Items)}
	if list.Finding != "" {
		s.Out = words.Printable(list.Finding)
	}
	for i := range list.Items {
		k := &list.Items[i]
		c := junitCase{Name: words.Printable(k.Text), Class: s.Name}
		if found := words.Printable(strings.Join(found(k), "; ")); k.Failed {
			s.Failures++
			c.Failure = &junitFailure{Message: words.Printable(k.State) + ": " + found, Type: "expectation", Text: c.Name + ": " + found}
		} else {
			c.Out = found
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

// found says what came of a check, with its numbers.
func found(k *Check) []string {
	var out []string
	if k.Value != "" {
		out = append(out, k.Value)
	}
	for i := range k.Parts {
		out = append(out, k.Parts[i].Text+": "+figures(&k.Parts[i]))
	}
	return append(out, k.Lines...)
}
