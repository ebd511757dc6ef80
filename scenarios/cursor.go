package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// cursor is a place in a scenario: a node, and the path that leads there. What
// is wrong there goes to problems; reading goes on, so that all faults of a
// file are found at once.
//
// With a shape there is no value to read: readers describe there what they would read.
type cursor struct {
	*problems
	n     *node
	path  string
	shape *shape
}

// fail reports what is wrong with the value at c.
func (c cursor) fail(format string, args ...any) {
	path := c.path
	if c.n.at.flag() {
		path = "" // the flag is the field; where it was put means nothing to a user
	}
	c.add(c.n.at, path, format, args...)
}

// flag reports whether the position is a flag that stands for one field.
func (p position) flag() bool {
	name, _, _ := strings.Cut(p.file, " ")
	return p.line == 0 && slices.Contains([]string{"--trace", "--provider", "--instances", "--deadline", "--max-tokens", "--slo", "--baseline"}, name)
}

// within returns the cursor of the last part of the scalar at c: suffix is how
// line, its text, ends.
func (c cursor) within(line, suffix string) cursor {
	if c.n.at.line == 0 {
		return c // a flag, which has no columns
	}
	n := *c.n
	n.at.column += c.n.lead + utf8.RuneCountInString(line[:len(line)-len(suffix)])
	c.n = &n
	return c
}

// reader reads the value at a cursor into the place it was made for.
type reader func(cursor)

// field is one key of a mapping.
type field struct {
	name     string
	required bool
	read     reader
}

func need(name string, read reader) field { return field{name, true, read} }
func may(name string, read reader) field  { return field{name, false, read} }

// here keeps the cursor in dst, for fields that are read when others have been.
func here(dst *cursor) reader { return func(c cursor) { *dst = c } }

// ok reports whether there is a value at c.
func (c cursor) ok() bool { return c.n != nil }

// child returns the cursor of a key of the mapping at c; not ok without one.
func (c cursor) child(key string) cursor {
	return cursor{problems: c.problems, n: c.n.get(key), path: join(c.path, key)}
}

// mapping reads the fields of the mapping at c.
func (c cursor) mapping(fields ...field) {
	if c.shape != nil {
		c.shape.object(c, fields)
		return
	}
	if !c.is(mapping, "a mapping with the keys "+strings.Join(names(fields), ", ")) {
		return
	}
	for _, e := range c.n.keys {
		known := false
		for _, f := range fields {
			if f.name == e.key {
				known = true
				f.read(c.child(e.key))
			}
		}
		if !known {
			c.add(e.at, join(c.path, e.key), "unknown key%s", suggestion(e.key, names(fields)))
		}
	}
	for _, f := range fields {
		if f.required && c.n.get(f.name) == nil {
			c.add(c.n.at, join(c.path, f.name), "is missing")
		}
	}
}

func names(fields []field) []string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = f.name
	}
	return list
}

// variant is one form of a mapping that has several.
type variant struct {
	name   string
	fields []field
}

// variants reads the mapping at c, whose form the key tag names; common are the
// keys of every form. It returns the form's index, and whether all is well.
func (c cursor) variants(tag, what string, forms []variant, common ...field) (int, bool) {
	if c.shape != nil {
		c.shape.forms(c, tag, forms, common)
		return 0, false
	}
	known := make([]string, len(forms))
	for i, f := range forms {
		known[i] = f.name
	}
	if !c.is(mapping, fmt.Sprintf("a mapping with the key %s (%s) and its parameters", tag, strings.Join(known, ", "))) {
		return 0, false
	}
	before := len(c.found)
	var form uint8
	if c.child(tag).ok() {
		choice(&form, what, known)(c.child(tag))
	} else {
		c.add(c.n.at, join(c.path, tag), "is missing; allowed: %s", strings.Join(known, ", "))
	}
	if len(c.found) > before {
		return 0, false
	}
	read := func(cursor) {} // the tag has been read
	c.mapping(slices.Concat([]field{need(tag, read)}, forms[form].fields, common)...)
	return int(form), len(c.found) == before
}

// maxItems bounds every list of a scenario but tables of values.
const maxItems = 1000

// items calls read for every item of the list at c.
func (c cursor) items(what string, read func(i int, item cursor)) {
	if c.described(shape{Type: []string{"array"}, Items: &shape{}, MaxItems: maxItems}) {
		read(0, cursor{c.problems, c.n, c.path + "[]", c.shape.Items})
		return
	}
	if !c.is(list, "a list of "+what) {
		return
	}
	if len(c.n.items) > maxItems {
		c.fail("has %d items; at most %d are allowed", len(c.n.items), maxItems)
		return
	}
	for i, item := range c.n.items {
		read(i, cursor{problems: c.problems, n: item, path: fmt.Sprintf("%s[%d]", c.path, i)})
	}
}

// is reports whether the value at c is of kind k, and an error if not.
func (c cursor) is(k kind, want string) bool {
	switch c.n.kind {
	case k:
		return true
	case broken:
	case null:
		c.fail("has no value; want %s, or leave the key out", want)
	default:
		c.fail("want %s, got %s", want, describe(c.n))
	}
	return false
}

// scalar returns the text of the value at c.
func (c cursor) scalar(want string) (string, bool) {
	if !c.is(scalar, want) {
		return "", false
	}
	return c.n.text, true
}

// instant reads a moment in UTC.
func instant(dst *time.Time) reader {
	return func(c cursor) {
		if c.described(shape{Type: []string{"string"}, Pattern: instantPattern, Examples: []string{"2026-11-30T08:00:00Z"}}) {
			return
		}
		const want = "a time in UTC such as 2026-11-30T08:00:00Z"
		s, ok := c.scalar(want)
		at, err := time.Parse(instantLayout, s)
		if ok && err != nil {
			c.fail("want %s, got %s", want, quote(s))
			return
		}
		*dst = at
	}
}

const (
	instantLayout  = "2006-01-02T15:04:05Z"
	instantPattern = `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`
)

// maxText bounds names and descriptions, in bytes.
const maxText = 10_000

func text(dst *string) reader {
	return func(c cursor) {
		if c.described(textShape()) {
			return
		}
		s, ok := c.scalar("text")
		switch {
		case !ok:
		case s == "":
			c.fail("is empty; want text")
		case len(s) > maxText:
			c.fail("has %d bytes; at most %d are allowed", len(s), maxText)
		default:
			*dst = s
		}
	}
}

func truth(dst *bool) reader {
	return func(c cursor) {
		if c.described(shape{Type: []string{"boolean"}}) {
			return
		}
		const want = "true or false"
		if s, ok := c.scalar(want); ok {
			switch s {
			case "true", "false":
				*dst = s == "true"
			default:
				c.fail("want %s, got %s", want, quote(s))
			}
		}
	}
}

// choice reads one of the names as its index.
func choice[T ~uint8](dst *T, what string, names []string) reader {
	return func(c cursor) {
		var name string
		oneOf(&name, what, names)(c)
		if i := slices.Index(names, name); i >= 0 {
			*dst = T(i)
		}
	}
}

// oneOf reads a name that is one of names.
func oneOf(dst *string, what string, names []string) reader {
	return func(c cursor) {
		if c.described(shape{Type: []string{"string"}, Enum: names}) {
			return
		}
		s, ok := c.scalar("one of " + strings.Join(names, ", "))
		if !ok {
			return
		}
		if !slices.Contains(names, s) {
			c.fail("%s", unknown(what, s, names))
			return
		}
		*dst = s
	}
}

// bounds is the range of a number, both ends in it.
type bounds struct{ lo, hi float64 }

// parse reads a number within the bounds; unit is how many of the field's
// units one of the text's is worth, for texts such as 20%.
func (b bounds) parse(s string, unit float64) (float64, bool) {
	v, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	v *= unit
	return v, err == nil && v >= b.lo && v <= b.hi
}

func (b bounds) String() string {
	return fmt.Sprintf("from %s to %s", plain(b.lo), plain(b.hi))
}

// plain formats v without an exponent, as files have it.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func number(dst *float64, b bounds) reader {
	return func(c cursor) {
		if v, ok := c.number("a number", b); ok {
			*dst = v
		}
	}
}

func (c cursor) number(what string, b bounds) (float64, bool) {
	if c.described(numeric("number", numberPattern, b)) {
		return 0, false
	}
	want := fmt.Sprintf("%s %v", what, b)
	s, ok := c.scalar(want)
	if !ok {
		return 0, false
	}
	v, ok := b.parse(s, 1)
	if !ok {
		c.fail("want %s, got %s", want, quote(s))
	}
	return v, ok
}

// count reads a whole number.
func count[T int | int8 | int64 | uint32](dst *T, lo, hi T) reader {
	return func(c cursor) {
		b := bounds{float64(lo), float64(hi)}
		if c.described(numeric("integer", wholePattern, b)) {
			return
		}
		want := fmt.Sprintf("a whole number %v", b)
		s, ok := c.scalar(want)
		if !ok {
			return
		}
		v, ok := b.parse(s, 1)
		if !ok || v != math.Trunc(v) {
			c.fail("want %s, got %s", want, quote(s))
			return
		}
		*dst = T(v)
	}
}

// share reads 0.2 or 20%.
func share(dst *float64, b bounds) reader {
	return func(c cursor) {
		if c.described(numeric("number", sharePattern, b)) {
			return
		}
		want := fmt.Sprintf("a share %v, such as 0.2 or 20%%", b)
		s, ok := c.scalar(want)
		if !ok {
			return
		}
		v, ok := parseShare(s, b)
		if !ok {
			c.fail("want %s, got %s", want, quote(s))
			return
		}
		*dst = v
	}
}

// shareOrTruth reads true, which is all, false, which is none, or a share.
func shareOrTruth(dst *float64) reader {
	all := bounds{0, 1}
	return func(c cursor) {
		part := numeric("number", sharePattern, all)
		if c.described(shape{AnyOf: []*shape{{Type: []string{"boolean"}}, &part}}) {
			return
		}
		const want = "true, false or a share from 0 to 1, such as 0.2 or 20%"
		s, ok := c.scalar(want)
		if !ok {
			return
		}
		switch v, ok := parseShare(s, all); {
		case s == "true":
			*dst = 1
		case s == "false":
			*dst = 0
		case ok:
			*dst = v
		default:
			c.fail("want %s, got %s", want, quote(s))
		}
	}
}

func parseShare(s string, b bounds) (float64, bool) {
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		if !strings.ContainsAny(percent, "eE") {
			return b.parse(percent+"e-2", 1) // times 0.01, 99.9% would be 0.9990000000000001, above 999 of 1000
		}
		return b.parse(percent, 0.01)
	}
	return b.parse(s, 1)
}

// maxDuration bounds every duration of a scenario but those of clients, which
// are shorter; traces span up to a year.
const maxDuration = 366 * 24 * time.Hour

func duration(dst *time.Duration, lo, hi time.Duration) reader {
	return func(c cursor) {
		if d, ok := c.duration(lo, hi); ok {
			*dst = d
		}
	}
}

func (c cursor) duration(lo, hi time.Duration) (time.Duration, bool) {
	if c.described(durationShape(lo, hi)) {
		return 0, false
	}
	want := fmt.Sprintf("a duration from %s to %s, such as 500ms, 90s or 1h30m", short(lo), short(hi))
	s, ok := c.scalar(want)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < lo || d > hi {
		c.fail("want %s, got %s", want, quote(s))
		return 0, false
	}
	return d, true
}

// short formats d without the zero parts that Duration.String appends.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// rate reads 8/s, 500/m or 100/h as calls per second.
func rate(dst *float64, b bounds) reader {
	return func(c cursor) {
		if c.described(shape{Type: []string{"string"}, Pattern: ratePattern, Examples: []string{"8/s", "500/m", "100/h"}}) {
			return
		}
		want := fmt.Sprintf("a rate such as 8/s, 500/m or 100/h, %v a second", b)
		s, ok := c.scalar(want)
		if !ok {
			return
		}
		amount, per, _ := strings.Cut(s, "/")
		unit := map[string]float64{"s": 1, "m": 1.0 / 60, "h": 1.0 / 3600}[per]
		v, ok := b.parse(amount, unit)
		if !ok || unit == 0 {
			c.fail("want %s, got %s", want, quote(s))
			return
		}
		*dst = v
	}
}
