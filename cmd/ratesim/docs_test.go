package main

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/sweep"
	"ratesim/sim/verdict"
)

var update = flag.Bool("update", false, "rewrite the outputs that the documents quote, and the reference")

// A document is a Markdown file that people read.
type document struct {
	path string // from the root of the repository
	text string
}

// documents returns the README and everything in docs.
func documents(t *testing.T) []document {
	t.Helper()
	var list []document
	add := func(path string) {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, document{path, string(data)})
	}
	add("README.md")
	err := fs.WalkDir(os.DirFS(root), "docs", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			add(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A fence is a fenced block of a document.
type fence struct {
	lang string // sh, yaml, go, csv
	note string // what follows it on the opening line
	text string
}

var fencePattern = regexp.MustCompile("(?ms)^```(\\w+) ?([^\n]*)\n(.*?)^```$")

func (d document) fences() []fence {
	var list []fence
	for _, m := range fencePattern.FindAllStringSubmatch(d.text, -1) {
		list = append(list, fence{m[1], m[2], m[3]})
	}
	return list
}

// A command is a line of a document that calls ratesim.
type command struct {
	args []string
	code int // the exit code that the document says it has
}

var exitPattern = regexp.MustCompile(`\s*#.*?exit code (\d+)$|\s+#.*$`)

// commands returns the calls of ratesim in a block; other programs are not ours.
func commands(block string) []command {
	var list []command
	for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		c := command{}
		if m := exitPattern.FindStringSubmatch(line); m != nil {
			c.code, _ = strconv.Atoi(m[1])
			line = strings.TrimSuffix(line, m[0])
		}
		for _, program := range []string{"go run ./cmd/ratesim ", "ratesim "} {
			if rest, ok := strings.CutPrefix(line, program); ok {
				c.args = shellWords(rest)
				list = append(list, c)
				break
			}
		}
	}
	return list
}

// shellWords splits a line as a shell does; single quotes hold words together.
func shellWords(line string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`(?:[^\s']|'[^']*')+`).FindAllString(line, -1) {
		list = append(list, strings.ReplaceAll(m, "'", ""))
	}
	return list
}

// A session runs commands in the folder that has the files of the documents, each
// command once.
type session map[string]printed

// printed is what came of a command.
type printed struct {
	out, errs string
	code      int
}

func (ran session) run(t *testing.T, args []string) printed {
	key := strings.Join(args, "\x00")
	if p, ok := ran[key]; ok {
		return p
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs, width: 120})
	ran[key] = printed{out.String(), errs.String(), code}
	return ran[key]
}

// enter goes to a new folder that has the files that the documents show, and the
// scenarios of the repository, whose root it returns.
func enter(t *testing.T, docs []document) (home string) {
	t.Helper()
	home, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Symlink(filepath.Join(home, "scenarios"), "scenarios"); err != nil {
		t.Fatal(err)
	}
	written := map[string]string{}
	for _, d := range docs {
		for _, b := range d.fences() {
			name, ok := strings.CutPrefix(b.note, "file=")
			if !ok || b.lang == "go" {
				continue
			}
			if before, ok := written[name]; ok && before != b.text {
				t.Errorf("%s shows another %s than another document does", d.path, name)
			}
			written[name] = b.text
			if err := os.WriteFile(name, []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return home
}

// A reader can type every command of the documents, with the files that they show, and
// sees what they quote.
func TestCommandsAndTablesInDocuments(t *testing.T) {
	docs := documents(t)
	home := enter(t, docs)
	ran := session{}
	for _, d := range docs {
		t.Run(d.path, func(t *testing.T) {
			d.commands(t, ran)
			d.outputs(t, home, ran)
		})
	}
}

// commands runs the commands of the document, and looks at those that cannot run in a
// test whether their names and flags exist.
func (d document) commands(t *testing.T, ran session) {
	for _, b := range d.fences() {
		switch {
		case b.lang != "sh":
		case b.note == "run":
			for _, c := range commands(b.text) {
				if p := ran.run(t, c.args); p.code != c.code || p.out == "" || p.errs != "" {
					t.Errorf("%q: exit code %d, %d bytes of output, errors: %s", c.args, p.code, len(p.out), p.errs)
				}
			}
		case strings.HasPrefix(b.note, "not run: "):
			for _, c := range commands(b.text) {
				if p := ran.run(t, append(slices.Clone(c.args), "--help")); p.code != exitDone {
					t.Errorf("%q is no command: %s", c.args, p.errs)
				}
			}
		default:
			t.Errorf("a block of commands is neither marked run nor says why it is not run:\n%s", b.text)
		}
	}
}

// outputPattern finds what a document quotes: after its marker either a fenced block,
// or Markdown up to the end marker.
var outputPattern = regexp.MustCompile("(?ms)(^<!-- output of: ratesim ([^\n]*) -->\n)(```\n.*?^```$|.*?^<!-- end of output -->$)")

// outputs holds what the document quotes against what the commands print.
func (d document) outputs(t *testing.T, home string, ran session) {
	text := outputPattern.ReplaceAllStringFunc(d.text, func(quote string) string {
		m := outputPattern.FindStringSubmatch(quote)
		parts := strings.Split(m[2], " | ")
		p := ran.run(t, shellWords(parts[0]))
		if p.code != exitDone && p.code != exitUnmet || p.errs != "" {
			t.Errorf("%s: %s: exit code %d: %s", d.path, parts[0], p.code, p.errs)
		}
		out, err := shorten(p.out, parts[1:])
		if err != nil || out == "" {
			t.Errorf("%s: %s prints nothing to quote: %v", d.path, m[2], err)
		}
		if strings.HasPrefix(m[3], "```") {
			return m[1] + "```\n" + out + "```"
		}
		return m[1] + out + "<!-- end of output -->"
	})
	if n := strings.Count(d.text, "<!-- output of: "); n != len(outputPattern.FindAllString(d.text, -1)) {
		t.Errorf("%s: one of %d quotes is not written as a quote is", d.path, n)
	}
	if *update && text != d.text {
		if err := os.WriteFile(filepath.Join(home, d.path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(text, d.text); diff != "" {
		t.Errorf("%s: run this test with -update (-printed +quoted):\n%s", d.path, diff)
	}
}

// shorten passes what was printed through filters: head N, grep PATTERN (lines), and
// paragraph PATTERN (from a line that matches to the next empty line).
func shorten(out string, filters []string) (string, error) {
	for _, f := range filters {
		name, arg, _ := strings.Cut(f, " ")
		lines := slices.Collect(strings.Lines(out))
		if name == "head" {
			n, err := strconv.Atoi(arg)
			if err != nil {
				return "", err
			}
			out = strings.Join(lines[:min(n, len(lines))], "")
			continue
		}
		pattern, err := regexp.Compile(arg)
		if err != nil {
			return "", err
		}
		if name != "grep" && name != "paragraph" {
			return "", fmt.Errorf("unknown filter %q", f)
		}
		out = ""
		inside := false
		for _, line := range lines {
			inside = name == "paragraph" && inside && strings.TrimSpace(line) != "" || pattern.MatchString(line)
			if inside {
				out += line
			}
		}
	}
	return out, nil
}

// A command that a document has for an example shows what it is there for: somebody is
// refused, and what --set changes changes the result.
func TestExamplesShowSomething(t *testing.T) {
	docs := documents(t)
	enter(t, docs)
	ran := session{}
	once := func(args []string) string {
		return ran.run(t, append(slices.Clone(args), "--reps", "2", "-o", "csv")).out
	}
	for _, d := range docs {
		for _, b := range d.fences() {
			for _, c := range commands(b.text) {
				if b.note != "run" || c.args[0] != "compare" {
					continue
				}
				args := without(c.args, "-o", "--reps", "--out")
				if !anyRefused(t, once(args)) {
					t.Errorf("%s: %q: nobody is refused", d.path, c.args)
				}
				if slices.Contains(args, "--set") && once(args) == once(without(args, "--set")) {
					t.Errorf("%s: %q: --set changes nothing", d.path, c.args)
				}
			}
		}
	}
}

// anyRefused reports whether a row of a result has a refusal.
func anyRefused(t *testing.T, result string) bool {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(result)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("reading a result: %v", err)
	}
	column := slices.Index(rows[0], "rejected")
	return slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "0" })
}

// without returns args less flags and their values.
func without(args []string, flags ...string) []string {
	var rest []string
	for i := 0; i < len(args); i++ {
		if slices.Contains(flags, args[i]) {
			i++
			continue
		}
		rest = append(rest, args[i])
	}
	return rest
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

// The code in the documents is part of the file it names, which is compiled, or it is a
// program that TestProgramInDocuments compiles.
func TestCodeInDocuments(t *testing.T) {
	found := false
	for _, d := range documents(t) {
		for _, b := range d.fences() {
			if b.lang != "go" || b.note == "program" {
				continue
			}
			name, ok := strings.CutPrefix(b.note, "file=")
			if !ok {
				t.Errorf("%s shows code that is part of no file", d.path)
				continue
			}
			found = true
			code, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Error(err)
			} else if !bytes.Contains(code, []byte(b.text)) {
				t.Errorf("%s no longer contains the code that %s shows", name, d.path)
			}
		}
	}
	if !found {
		t.Error("the documents show no code")
	}
}

// Links to files of the repository, and to sections of them, lead somewhere.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, d := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(d.text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, section, _ := strings.Cut(m[1], "#")
			text := d.text
			if path != "" {
				to := filepath.Join(root, filepath.Dir(d.path), path)
				if _, err := os.Stat(to); err != nil {
					t.Errorf("%s: %v", d.path, err)
					continue
				}
				if section == "" {
					continue
				}
				data, err := os.ReadFile(to)
				if err != nil {
					t.Fatal(err)
				}
				text = string(data)
			}
			if !slices.Contains(sections(text), section) {
				t.Errorf("%s: no section #%s; there are %q", d.path, m[1], sections(text))
			}
		}
	}
}

// sections returns the anchors of a document's headings, as GitHub makes them.
func sections(text string) []string {
	var list []string
	text = fencePattern.ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^\pL\pN\s_-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, strings.ReplaceAll(name, " ", "-"))
	}
	return list
}

// Every scenario that the documents show is one, and every table of numbers is read.
func TestFilesInDocuments(t *testing.T) {
	docs := documents(t)
	enter(t, docs)
	for _, d := range docs {
		for _, b := range d.fences() {
			var err error
			switch {
			case b.lang == "yaml" && strings.HasPrefix(b.note, "file=.") || b.note == "workflow":
				continue // of another program
			case b.note == "answers":
				_, err = scenarios.ParseAnswers(d.path, []byte(b.text))
			case b.note == "scripts":
				_, err = scenarios.ParseScripts(d.path, []byte(b.text))
			case b.lang == "yaml" && strings.HasPrefix(b.text, "scenario:"): // a study
				_, err = sweep.Parse(d.path, []byte(b.text))
			case b.lang == "yaml":
				var spec *scenarios.Spec
				spec, err = scenarios.Parse(d.path, []byte(b.text), scenarios.Options{})
				if err == nil && len(spec.Warnings) > 0 {
					t.Errorf("%s: %s: %q", d.path, spec.Name, spec.Warnings)
				}
			case b.lang == "csv" && strings.HasPrefix(b.text, "vendor,"):
				_, err = catalog.Embedded().With(d.path, strings.NewReader(b.text))
			case b.lang == "csv":
				err = readLog(d.path, b.text)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// readLog reads a usage log to its end.
func readLog(name, text string) error {
	log, err := workload.OpenUsage(name, strings.NewReader(text), workload.UsageOptions{})
	if err != nil {
		return err
	}
	var r workload.Record
	for log.Next(&r) {
	}
	return log.Err()
}

// The program that the documents show compiles in a module of a reader's own.
func TestProgramInDocuments(t *testing.T) {
	docs := documents(t)
	home := enter(t, docs)
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(home, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"go.mod": bytes.Replace(mod, []byte("../ratesim"), []byte(home), 1), "go.sum": sums}
	for _, d := range docs {
		for _, b := range d.fences() {
			if b.note == "program" {
				files["main.go"] = []byte(b.text)
			}
		}
	}
	for name, data := range files {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-mod=mod", "-o", os.DevNull, "main.go")
	build.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
