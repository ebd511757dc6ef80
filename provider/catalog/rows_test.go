package catalog

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	dated    = regexp.MustCompile(`^\d{4}(-\d\d(-\d\d)?)?$`)
	editions = regexp.MustCompile(`^\d{4}-\d\d$`)
)

// Every fact has a source, a date and a confidence, and every row limits that can be: the
// reader of the files refuses what is empty, zero, negative or there twice.
func TestFacts(t *testing.T) {
	known := Embedded()
	check := func(of string, f Fact) {
		if f.Source == "" || !dated.MatchString(f.Date) || !slices.Contains(confidences[:], f.Confidence) {
			t.Errorf("%s: %+v: no source, date or confidence", of, f)
		}
	}
	for _, r := range known.List() {
		for _, f := range r.Facts {
			check(r.Ref, f)
		}
		if len(r.Limits) == 0 && r.Tier != provisioned {
			t.Errorf("%s: no limit, so that everything would be admitted", r.Ref)
		}
		for _, l := range r.Limits {
			if l.Most <= 0 {
				t.Errorf("%s: %s of %d", r.Ref, l.Name, l.Most)
			}
		}
		if p := r.Config.Price; min(p.Input, p.Output, p.Cached, p.Written, p.UnitHour) < 0 || p.Cached > p.Input {
			t.Errorf("%s: price %+v", r.Ref, p)
		}
		if r.Confidence() == "derived" && r.Facts[0].Note == "" {
			t.Errorf("%s: derived, and not said from what", r.Ref)
		}
	}
	for _, b := range known.Batches() {
		check(b.Vendor+"/"+b.Model, b.Fact)
	}
	for _, o := range known.Offers() {
		check(o.Vendor+"/"+o.Model+" "+o.Unit, o.Fact)
		for _, t := range known.Terms(&o, Global) {
			check(t.Vendor+" "+t.Name, t.Fact)
		}
	}
	for _, c := range known.Choices() {
		check(c.Vendor+": "+c.Question, c.Fact)
		if _, err := known.Find(c.Ref); err != nil {
			t.Errorf("%s: %s: %v", c.Vendor, c.Question, err)
		}
	}
	if n := len(known.List()); n < 1000 {
		t.Errorf("%d rows, want a thousand and more", n)
	}
}

// The rows of a file stand where a reader looks for them: the newest edition first, the
// models by name, and the tiers of one scope from the smallest to the largest. Each edition
// is explained.
func TestOrderOfRows(t *testing.T) {
	known := Embedded()
	for _, vendor := range known.Vendors() {
		p := known.pages(vendor)
		for i := range p.rows {
			r := &p.rows[i]
			if r.Config.Vendor != vendor {
				t.Errorf("%s is in the file of %s", r.Ref, vendor)
			}
			if i == 0 || r.Tier == provisioned {
				continue // those are in a file of their own, in the order of the vendor's table
			}
			before := &p.rows[i-1]
			switch {
			case before.Edition != r.Edition:
				continue // the reader sorts them
			case before.Config.Model != r.Config.Model:
				if byNumber(before.Config.Model, r.Config.Model) > 0 {
					t.Errorf("%s comes after %s", r.Ref, before.Ref)
				}
			case before.Scope == r.Scope && before.place >= r.place:
				t.Errorf("%s comes after %s, and its tier before in tiers.csv", r.Ref, before.Ref)
			}
		}
		var named []string
		for _, e := range p.editions {
			if named = append(named, e.Name); e.Vendor != vendor || !editions.MatchString(e.Name) || e.Until != "" && !dated.MatchString(e.Until) {
				t.Errorf("edition %+v of %s", e, vendor)
			}
			if e.Follows != "" && (e.Follows >= e.Name || !slices.Contains(p.editionNames(), e.Follows)) {
				t.Errorf("%s of %s follows %s", e.Name, vendor, e.Follows)
			}
		}
		if have := p.editionNames(); !slices.Equal(have, named) {
			t.Errorf("%s has rows of %v, and editions.csv explains %v", vendor, have, named)
		}
	}
}

var numbers = regexp.MustCompile(`\d+(\.\d+)?|[^\d]+`)

// byNumber compares names by their parts: gpt-4 comes before gpt-10, and a number before
// letters.
func byNumber(a, b string) int {
	as, bs := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	for i := range min(len(as), len(bs)) {
		var x, y float64
		_, notX := fmt.Sscan(as[i], &x)
		_, notY := fmt.Sscan(bs[i], &y)
		order := strings.Compare(as[i], bs[i])
		switch {
		case notX == nil && notY == nil:
			order = cmp.Compare(x, y)
		case notX == nil:
			return -1
		case notY == nil:
			return 1
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// OpenAI's tiers since October 2026 that nobody has read are derived from those before, and
// are equal to them; those that were read are equal too, which is what the others rest on.
func TestDerivedTiers(t *testing.T) {
	known := Embedded()
	derived, read := 0, 0
	for _, r := range known.Of("openai") {
		before, ok := map[string]string{"build": "tier-2", "launch": "tier-4", "grow": "tier-5"}[r.Tier]
		if !ok {
			continue
		}
		old, _, err := known.row("openai:2026-09/" + r.Config.Model + "@" + before)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.Confidence() == "derived" {
			derived++
			if !slices.Equal(r.Limits, old.Limits) || r.BatchQueue != old.BatchQueue {
				t.Errorf("%s: %v, %s has %v", r.Ref, r.Limits, old.Ref, old.Limits)
			}
			if how, ok := known.Derived(r.Ref); !ok || !strings.Contains(how, before) {
				t.Errorf("%s: derived from %q", r.Ref, how)
			}
			continue
		}
		read++
		if _, ok := known.Derived(r.Ref); ok || !slices.Equal(r.Limits, old.Limits) {
			t.Errorf("%s was read and has %v, %s has %v", r.Ref, r.Limits, old.Ref, old.Limits)
		}
	}
	if derived == 0 || read != 7 {
		t.Errorf("%d tiers are derived, and %d were read; want some, and 7", derived, read)
	}
}

// A tier that has ended is found without an edition, in the one that follows, and in its own.
func TestEndedTiers(t *testing.T) {
	known := Embedded()
	for ref, want := range map[string]string{
		"openai/gpt-4o@tier-1":         "openai/gpt-4o@tier-1",
		"openai:2026-11/gpt-4o@tier-1": "openai/gpt-4o@tier-1",
		"openai:2026-09/gpt-4o@tier-1": "openai/gpt-4o@tier-1",
		"openai:2026-03/gpt-4o@tier-1": "openai:2026-03/gpt-4o@tier-1",
		"openai/gpt-4o@build":          "openai/gpt-4o@build",
		"openai:2026-11/gpt-4o@build":  "openai/gpt-4o@build",
	} {
		if row, _, err := known.row(ref); err != nil || row.Ref != want {
			t.Errorf("%s is %v, %v; want %s", ref, row, err, want)
		}
	}
	if _, err := known.Find("openai/gpt-4o@free"); err == nil {
		t.Error("a reference without an edition means a row of the article")
	}
}

// A vendor with rules of whom the catalog has nothing gets an edition of its own name.
func TestOwnVendor(t *testing.T) {
	known := Embedded()
	known.books = slices.DeleteFunc(known.books, func(b book) bool { return b.vendor == "xai" })
	own, err := known.With("own.csv", strings.NewReader("vendor,model,tier,rpm,source,date,confidence\nxai,grok,t0,60,my console,2026-11,observed\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := own.Find("xai:own/grok@t0"); err != nil {
		t.Error(err)
	}
	if rows := own.Of("xai"); len(rows) != 1 || !rows[0].Own || rows[0].Ref != "xai/grok@t0" {
		t.Errorf("%+v", rows)
	}
}
