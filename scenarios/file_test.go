package scenarios

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// same compares scenarios, but for what makes their strategies, which are functions.
func same(t *testing.T, what string, want, got *Spec) {
	t.Helper()
	strip := func(s *Spec) Spec {
		c := *s
		c.Strategies = append([]Strategy{}, s.Strategies...)
		for i := range c.Strategies {
			c.Strategies[i].Factory = nil
		}
		return c
	}
	if a, b := strip(want), strip(got); !reflect.DeepEqual(a, b) {
		t.Errorf("%s: another scenario: %s", what, cmp.Diff(a.Strategies, b.Strategies))
	}
}

// What a scenario is written to is the same scenario.
func TestWrittenScenarioIsTheSame(t *testing.T) {
	for _, name := range Library() {
		f, err := Open(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := f.Read(Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := f.YAML(Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(name, text, Options{})
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		same(t, name, want, got)
	}
}

// What was set is in what is written, so that it need not be set again.
func TestWrittenScenarioHasWhatWasSet(t *testing.T) {
	f := newFile("x", []byte(twoDeployments))
	opt := Options{Strategies: []string{"naive", "{name: slow one, use: jitter, max_delay: 2m}"}, Provider: "openai/gpt-4o@tier-2",
		Set: []string{"fleet.instances=7", "workload.web.arrivals={process: gamma, rate: 2/s, cv: 3}"}}
	want, err := f.Read(opt)
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.YAML(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"name: x", "fleet: {instances: 7}", "strategies: [naive, {name: slow one, use: jitter, max_delay: 2m}]",
		"    arrivals: {process: gamma, rate: 2/s, cv: 3}", "  - {name: main, provider: openai/gpt-4o@tier-2}",
	} {
		if !strings.Contains("\n"+string(text), "\n"+line+"\n") {
			t.Errorf("no line %q in:\n%s", line, text)
		}
	}
	if strings.Contains(string(text), "expect") {
		t.Errorf("what is expected of a strategy that is not selected is written:\n%s", text)
	}
	got, err := Parse("x", text, Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want.Warnings, got.Warnings = nil, nil
	same(t, "written", want, got)
}

func TestFileGet(t *testing.T) {
	f := newFile("x", []byte(twoDeployments))
	for path, want := range map[string]string{
		"name":                      "x",
		"deployments.0.limits.rpm":  "7",
		"deployments.0.limits":      "{rpm: 7}",
		"strategies.1":              "{name: patient, use: jitter, max_retries: 12}",
		"strategies.2":              "",
		"deployments.main":          "",
		"fleet.instances":           "",
		"name.first":                "",
		"workload.1.arrivals.where": "",
	} {
		if got := f.Get(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// Any text comes back from YAML as it was.
func TestQuoted(t *testing.T) {
	some := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a: b", "- a", "null", "~", "#x", "a #b", "a:", "sdk:openai@3.3", "{a", "*", "é\n\t\"\\", "-", "%x", ">= 1", "a'b", "1", "true"}))
	rapid.Check(t, func(t *rapid.T) {
		text := some.Draw(t, "text")
		if strings.ContainsAny(text, "\x00\ufeff\u0085\u2028\u2029") || strings.ToValidUTF8(text, "") != text {
			t.Skip("no YAML file has these")
		}
		for _, doc := range []string{"key: " + quoted(text, 0), "key: [" + quoted(text, 0) + ", b]", "key: {a: " + quoted(text, 0) + "}"} {
			p := &problems{}
			root := parseTree("x", []byte(doc), p)
			if err := p.err(); err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
			n := root.get("key")
			switch n.kind {
			case list:
				n = n.items[0]
			case mapping:
				n = n.get("a")
			}
			if n.kind != scalar || n.text != text {
				t.Fatalf("%s: got %q, want %q", doc, n.text, text)
			}
		}
	})
}

func TestOpenTraffic(t *testing.T) {
	f, err := OpenTraffic()
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Trace: "azure-conv-2023", Strategies: []string{"jitter"}}
	got, err := f.Read(opt)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Load("", nil, opt)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "traffic", want, got)
	text, err := f.YAML(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"file: azure-conv-2023", "provider: openai/gpt-4o-mini@tier-1"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}
