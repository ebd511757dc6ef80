package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ratesim/provider/catalog"
	"ratesim/provider/vendors"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	strategycatalog "ratesim/strategies/catalog"
)

// numerals are the numbers that people write as words.
var numerals = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty")

// countsOf returns the things that the texts count, and how many of them there are.
func countsOf(t *testing.T) map[string][]int {
	known := catalogVendors()
	launch, err := scenarios.Load("launch-day", nil, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	competing := 0
	for _, s := range launch.Strategies {
		if !s.Omniscient {
			competing++
		}
	}
	return map[string][]int{
		`vendors`:                      {len(known), len(vendors.Names())},
		`claims|pieces of \w+ advice`:  {len(scenarios.Claims())},
		`(?:embedded )?scenarios`:      {len(scenarios.Library())},
		`formats`:                      {len(workload.Formats())},
		`(?:arrival )?processes`:       {len(workload.About())},
		`kinds of event`:               {kindsOfEvent(t)},
		`client strategies|strategies`: {competing, len(strategycatalog.Entries()), 10}, // ten are dealt in the test of equals
	}
}

func catalogVendors() []string {
	var list []string
	for _, r := range catalog.Embedded().List() {
		if !slices.Contains(list, r.Config.Vendor) {
			list = append(list, r.Config.Vendor)
		}
	}
	return list
}

// kindsOfEvent counts the constants of the engine that the queue of events holds.
func kindsOfEvent(t *testing.T) int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "sim/engine.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		if first := g.Specs[0].(*ast.ValueSpec); first.Names[0].Name == "arrive" {
			return len(g.Specs) - 1 // ended is in the hash only
		}
	}
	t.Fatal("sim/engine.go declares no kinds of event")
	return 0
}

// What the documents, the comments of packages and the help count is as many.
func TestCountsInTexts(t *testing.T) {
	texts := map[string]string{}
	for _, d := range documents(t) {
		texts[d.path] = d.text
	}
	for _, path := range packageComments(t) {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		comment, _, _ := strings.Cut(string(data), "\npackage ")
		texts[path] = strings.ReplaceAll(comment, "\n// ", " ")
	}
	found := 0
	for noun, are := range countsOf(t) {
		pattern := regexp.MustCompile(`(?i)\b(\d+|` + strings.Join(numerals[6:], "|") + `) (` + noun + `)\b`)
		for path, text := range texts {
			for _, m := range pattern.FindAllStringSubmatch(strings.Join(strings.Fields(text), " "), -1) {
				n := slices.Index(numerals, strings.ToLower(m[1]))
				if n < 0 {
					n, _ = strconv.Atoi(m[1])
				}
				if n < 6 {
					continue // of some of them
				}
				found++
				if !slices.Contains(are, n) {
					t.Errorf("%s says %q; there are %d", path, m[0], are)
				}
			}
		}
	}
	if found == 0 {
		t.Error("nothing is counted: the patterns are wrong")
	}
}

// packageComments returns the files that hold the comment of a package.
func packageComments(t *testing.T) []string {
	t.Helper()
	var list []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, path))
		if regexp.MustCompile(`(?m)^// Package \w+ `).Match(data) {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Tables of the documents that list all of something do.
func TestCompleteTables(t *testing.T) {
	var formats []string
	for _, f := range workload.Formats() {
		formats = append(formats, f.Name)
	}
	var codes []string
	for _, code := range []int{exitDone, exitFailed, exitBadInput, exitUnmet, exitUntested, exitInterrupted} {
		codes = append(codes, strconv.Itoa(code))
	}
	for _, table := range []struct {
		file, head string
		want       []string
	}{
		{"docs/howto/provider.md", "| vendor | what is modelled", catalogVendors()},
		{"docs/reference/logs.md", "| format |", formats},
		{"docs/howto/ci.md", "| code |", codes},
		{"docs/verdict.md", "| scenario | chosen", scenarios.Library()},
	} {
		data, err := os.ReadFile(filepath.Join(root, table.file))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), "\n"+table.head)
		rows, _, _ := strings.Cut(rest, "\n\n")
		var got []string
		for _, row := range strings.Split(strings.TrimSpace(rows), "\n")[2:] {
			got = append(got, strings.Trim(strings.Split(row, "|")[1], " `"))
		}
		slices.Sort(got)
		want := slices.Clone(table.want)
		slices.Sort(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the table %q lists\n%v\nand there are\n%v", table.file, table.head, got, want)
		}
	}
}
