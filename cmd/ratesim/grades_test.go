package main

import (
	"regexp"
	"strings"
	"testing"

	"ratesim/provider/conformance"
	"ratesim/scenarios"
)

// What rules say would exercise them is what --script and --faults read.
func TestExercises(t *testing.T) {
	for _, r := range conformance.Rules() {
		found := regexp.MustCompile(`(--script|--faults) with '([^']+)'`).FindAllStringSubmatch(r.Exercise, -1)
		if found == nil && r.Required {
			t.Errorf("%s: nothing says how to exercise it: %s", r.Name, r.Exercise)
		}
		for _, m := range found {
			var err error
			if m[1] == "--script" {
				_, err = scenarios.ParseScripts("script", []byte(m[2]))
			} else {
				_, err = scenarios.ParseFaults("faults", []byte(m[2]), nil)
			}
			if err != nil {
				t.Errorf("%s: %s: %v", r.Name, m[2], err)
			}
		}
	}
}

func TestGates(t *testing.T) {
	for text, want := range map[string]conformance.Gate{
		"retry-after":       {Rule: "retry-after", Share: -1},
		"retry-after=0":     {Rule: "retry-after", Share: 0},
		"lockstep=0.25":     {Rule: "lockstep", Share: 0.25},
		"hopeless=12.5%":    {Rule: "hopeless", Share: 0.125},
		"hopeless=100 %":    {Rule: "hopeless", Share: 1},
		"amplification=0.1": {Rule: "amplification", Share: 0.1},
	} {
		if got, err := gateOf(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"headrom":         `did you mean "headroom"?`,
		"":                "allowed: retry-after",
		"retry-after=":    "a number from 0 to 1",
		"retry-after=-1":  "a number from 0 to 1",
		"retry-after=NaN": "a number from 0 to 1",
		"retry-after=2":   "a number from 0 to 1",
	} {
		if _, err := gateOf(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
