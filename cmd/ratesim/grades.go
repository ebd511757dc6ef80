package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"ratesim/provider/conformance"
	"ratesim/reports"
)

// gradeFlags say whether and how serve grades clients.
type gradeFlags struct {
	on            bool
	output        string
	failOn        []string
	allowUntested bool
}

// gradeOutputs are the formats of grades.
var gradeOutputs = []string{"table", "json", "junit", "github"}

func (f *gradeFlags) register(fl *pflag.FlagSet) {
	fl.BoolVar(&f.on, "conformance", false, "at the end, print how well each client obeyed refusals")
	fl.StringVarP(&f.output, "output", "o", "table", "`FORMAT` of the grades: table, json, junit or github (annotations, and a summary of the job)")
	fl.StringArrayVar(&f.failOn, "fail-on", nil, "fail if the share of bad cases of a rule is above SHARE, `RULE[=SHARE]`, or too high by the rule itself; other rules only inform; may be repeated")
	fl.BoolVar(&f.allowUntested, "allow-untested", false, "accept that nothing exercised a rule, or that nobody can tell whether a client keeps it")
}

// policy reads what a run has to pass.
func (f *gradeFlags) policy() (conformance.Policy, error) {
	p := conformance.Policy{AllowUntested: f.allowUntested}
	if !f.on && (f.output != "table" || f.failOn != nil || f.allowUntested) {
		return p, errors.New("--output, --fail-on and --allow-untested are about grades: add --conformance")
	}
	for _, text := range f.failOn {
		gate, err := gateOf(text)
		if err != nil {
			return p, fmt.Errorf("--fail-on %s: %w", text, err)
		}
		if slices.ContainsFunc(p.FailOn, func(g conformance.Gate) bool { return g.Rule == gate.Rule }) {
			return p, fmt.Errorf("--fail-on %s: the rule %s was named already", text, gate.Rule)
		}
		p.FailOn = append(p.FailOn, gate)
	}
	return p, nil
}

func ruleNames() (names []string) {
	for _, r := range conformance.Rules() {
		names = append(names, r.Name)
	}
	return names
}

func gateOf(text string) (conformance.Gate, error) {
	names := ruleNames()
	name, share, hasShare := strings.Cut(text, "=")
	if !slices.Contains(names, name) {
		return conformance.Gate{}, unknown("rule", name, names)
	}
	gate := conformance.Gate{Rule: name, Share: -1}
	if !hasShare {
		return gate, nil
	}
	number, percent := strings.CutSuffix(share, "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x >= 0 && x <= 1) {
		return gate, fmt.Errorf("the share is a number from 0 to 1, or 0 %% to 100 %%, got %q", share)
	}
	gate.Share = x
	return gate, nil
}

// print prints how the clients behaved. The error is errUnmet if one failed, and
// errUntested if the run leaves open whether they would.
func (f *gradeFlags) print(s *streams, r conformance.Report) error {
	if err := (output{format: f.output, color: true}).report(s, reports.Grades(&r)); err != nil {
		return err
	}
	switch {
	case r.Level == conformance.Fail:
		return errUnmet
	case r.Open():
		return errUntested
	}
	return nil
}

func ruleData() (any, error) { return conformance.Rules(), nil }

func listRules(w io.Writer) error {
	for i, r := range conformance.Rules() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		limits := fmt.Sprintf("warning above %.3g %%", r.Warn*100)
		if r.Fail > 0 {
			limits += fmt.Sprintf(", failure above %.3g %%", r.Fail*100)
		}
		if r.Least > 1 {
			limits += fmt.Sprintf(", of %d cases or more", r.Least)
		}
		untested := "the run is not a pass"
		if !r.Required {
			untested = "the run may pass"
		}
		fmt.Fprintln(w, r.Name)
		t := columns(w)
		for _, row := range [][2]string{{"counts", r.Measures}, {"levels", limits}, {"sure", r.Sure}, {"untested", untested}, {"to test it", r.Exercise}} {
			fmt.Fprintf(t, "  %s\t%s\n", row[0], row[1])
		}
		for _, source := range r.Sources {
			fmt.Fprintf(t, "  source\t%s: %s\n", source.URL, source.Says)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}
