package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios"
	"ratesim/sim/verdict"
)

var update = flag.Bool("update", false, "rewrite the tables in the README")

// A fence is a fenced block of a Markdown file.
type fence struct {
	lang string // sh, yaml, go, csv
	note string // what follows it on the opening line: run, file=NAME
	text string
}

var fencePattern = regexp.MustCompile("(?ms)^```(\\w+) ?([^\n]*)\n(.*?)^```$")

func fences(t *testing.T, file string) []fence {
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var list []fence
	for _, m := range fencePattern.FindAllStringSubmatch(string(data), -1) {
		list = append(list, fence{m[1], m[2], m[3]})
	}
	return list
}

// documents are the files that people read.
func documents(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	list := []string{"README.md"}
	for _, p := range paths {
		list = append(list, "docs/"+filepath.Base(p))
	}
	return list
}

// A reader can type every command of the documents, with the files that they show.
func TestCommandsInDocuments(t *testing.T) {
	all := map[string][]fence{}
	for _, file := range documents(t) {
		all[file] = fences(t, file)
	}
	t.Chdir(t.TempDir())
	for _, blocks := range all {
		for _, b := range blocks {
			if name, ok := strings.CutPrefix(b.note, "file="); ok && b.lang != "go" {
				if err := os.WriteFile(name, []byte(b.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	commands := 0
	for file, blocks := range all {
		for _, b := range blocks {
			if b.note != "run" {
				continue
			}
			for line := range strings.Lines(b.text) {
				args, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/ratesim ")
				if !ok {
					continue // go test: this is it
				}
				commands++
				var out, errs bytes.Buffer
				code := run(t.Context(), strings.Fields(args), streams{in: strings.NewReader(""), out: &out, err: &errs})
				if code != exitDone || out.Len() == 0 || errs.Len() > 0 {
					t.Errorf("%s: %s: exit code %d, %d bytes of output, errors: %s", file, args, code, out.Len(), errs.String())
				}
			}
		}
	}
	if commands < 15 {
		t.Errorf("the documents have %d commands marked run", commands)
	}
}

// The tables in the documents are what commands print.
func TestTables(t *testing.T) {
	shown(t, "README.md", "<!-- compare: begin -->\n```\n", "```\n<!-- compare: end -->", 120, "compare")
	shown(t, "docs/claims.md", "<!-- claims: begin -->\n", "<!-- claims: end -->", 0, "claims", "-o", "markdown")
}

// The rule of the verdict stands in the documents as it is applied.
func TestRule(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs/verdict.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "<!-- rule: begin -->\n")
	shown, _, ok := strings.Cut(rest, "<!-- rule: end -->")
	if words := strings.Join(strings.Fields(shown), " "); !ok || words != strings.Join(strings.Fields(verdict.Rule), " ") {
		t.Errorf("docs/verdict.md says\n%s\nand the rule is\n%s", words, verdict.Rule)
	}
}

// shown holds what stands in a file between begin and end against what the
// program prints so many characters wide.
func shown(t *testing.T, file, begin, end string, width int, args ...string) {
	t.Helper()
	path := filepath.Join(root, file)
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begin)
	shown, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for what %q prints", file, args)
	}
	var out bytes.Buffer
	if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: t.Output(), width: width}); code != exitDone {
		t.Fatalf("%q: exit code %d", args, code)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+out.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(out.String(), shown); diff != "" {
		t.Errorf("%q: run this test with -update (-printed +shown):\n%s", args, diff)
	}
}

// The code in the documents is part of the file it names, which is compiled.
func TestCodeInDocuments(t *testing.T) {
	found := false
	for _, file := range documents(t) {
		for _, b := range fences(t, file) {
			name, ok := strings.CutPrefix(b.note, "file=")
			if b.lang != "go" {
				continue
			}
			if !ok {
				t.Errorf("%s shows code that is part of no file", file)
				continue
			}
			found = true
			code, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Error(err)
			} else if !bytes.Contains(code, []byte(b.text)) {
				t.Errorf("%s no longer contains the code that %s shows", name, file)
			}
		}
	}
	if !found {
		t.Error("the documents show no code")
	}
}

// Links between files of the repository lead somewhere.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, file := range documents(t) {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(data), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// Every scenario that the documents show is one.
func TestScenariosInDocs(t *testing.T) {
	for _, file := range documents(t) {
		for _, b := range fences(t, file) {
			if b.lang != "yaml" {
				continue
			}
			spec, err := scenarios.Parse(file, []byte(b.text), scenarios.Options{})
			if err != nil {
				t.Error(err)
			} else if len(spec.Warnings) > 0 {
				t.Errorf("%s: %s: %q", file, spec.Name, spec.Warnings)
			}
		}
	}
}

// The reference names every key that an error message allows.
func TestReferenceIsComplete(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs/scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	const whole = `
name: x
duration: 1m
zz: 1
fleet: {zz: 1, network: {zz: 1}}
workload:
  - {zz: 1, arrivals: {process: zz}, prompt_tokens: {dist: zz}, output_tokens: 1}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1, zz: 1, limits: {zz: 1}, latency: {zz: 1}, charge: {zz: 1, reserve: zz}, window: zz}
faults: [{kind: zz}]
strategies: [jitter]
`
	_, err = scenarios.Parse("x", []byte(whole), scenarios.Options{})
	if err == nil {
		t.Fatal("no error")
	}
	lists := regexp.MustCompile(`allowed: (.*)`).FindAllStringSubmatch(err.Error(), -1)
	if len(lists) < 11 {
		t.Fatalf("%d lists of what is allowed in:\n%v", len(lists), err)
	}
	for _, m := range lists {
		for name := range strings.SplitSeq(m[1], ", ") {
			if !regexp.MustCompile("[`.]" + regexp.QuoteMeta(name) + "[`.]").Match(doc) {
				t.Errorf("docs/scenarios.md does not mention %s", name)
			}
		}
	}
}

// What is assumed of a log names flags that compare has, and the document says the same.
func TestAssumedFlags(t *testing.T) {
	spec, err := scenarios.Load("", nil, scenarios.Options{Trace: "azure-conv-2023"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(spec.Assumed); n == 0 || n > 4 {
		t.Errorf("%d sentences", n)
	}
	doc, err := os.ReadFile(filepath.Join(root, "docs/scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	flags := compareCommand(&streams{}).Flags()
	for _, sentence := range spec.Assumed {
		named := regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(sentence, -1)
		if len(named) == 0 {
			t.Errorf("%q names no flag", sentence)
		}
		for _, m := range named {
			if flags.Lookup(m[1]) == nil {
				t.Errorf("%q: compare has no flag --%s", sentence, m[1])
			}
			if !bytes.Contains(doc, []byte("`--"+m[1])) {
				t.Errorf("docs/scenarios.md does not mention --%s", m[1])
			}
		}
	}
}
