package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/mock"
	"ratesim/provider/mock/admin"
	"ratesim/provider/wire"
)

// fieldsOf returns the names of the fields of a JSON object, with those inside it.
func fieldsOf(t *testing.T, text []byte) (names []string) {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if names = append(names, name); object[name][0] == '{' {
			names = append(names, fieldsOf(t, object[name])...)
		}
	}
	return names
}

// The page about clients shows a line as the log has it, and its table has each field and
// each value of those that have few.
func TestLogInDocument(t *testing.T) {
	docs := documents(t)
	page := docs[slices.IndexFunc(docs, func(d document) bool { return d.path == "docs/howto/client.md" })]
	var written bytes.Buffer
	log := admin.NewLog(&written, nil, func(err error) { t.Error(err) })
	log.Record(mock.Record{})
	log.Close()
	fields := fieldsOf(t, written.Bytes())
	shown := 0
	for _, b := range page.fences() {
		if b.lang != "json" || b.note != "log" {
			continue
		}
		shown++
		if diff := cmp.Diff(fields, fieldsOf(t, []byte(b.text))); diff != "" {
			t.Errorf("the page shows other fields than the log has (-log +page):\n%s", diff)
		}
	}
	if shown != 1 {
		t.Errorf("the page shows %d lines", shown)
	}
	_, table, _ := strings.Cut(page.text, "| field | meaning |")
	table, _, _ = strings.Cut(table, "\n\n")
	words := fields
	for l := wire.NoLimit + 1; l < wire.NumLimits; l++ {
		words = append(words, l.String())
	}
	for _, why := range []mock.Cause{mock.Admitted, mock.ByLimit, mock.ByFault, mock.ByScript, mock.BadQuery, mock.NoRoom, mock.Unlimited} {
		words = append(words, string(why))
	}
	for _, end := range []mock.End{mock.Complete, mock.Broken, mock.HungUp} {
		words = append(words, string(end))
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z_-]+)`").FindAllStringSubmatch(table, -1) {
		named[m[1]] = true
	}
	for _, w := range words {
		if !named[w] {
			t.Errorf("the table does not mention %s", w)
		}
	}
}
