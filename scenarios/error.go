package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing wrong with a scenario, and where.
type Error struct {
	File   string // the file, or the flag that said it
	Line   int    // from 1; 0 = the file or flag as a whole
	Column int    // in characters, from 1; 0 with Line 0
	Field  string // the path of the field: deployments[0].limits.rpm; may be empty
	Msg    string // what is wrong and what is allowed
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	return b.String() + ": " + e.Msg
}

// Errors is everything wrong with a scenario: flags first, then by position.
type Errors []*Error

// maxShown is how many errors are printed; a file with more has one cause.
const maxShown = 20

// Error prints one error a line, the first 20 of them.
func (es Errors) Error() string {
	var b strings.Builder
	for i, e := range es {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more", len(es)-maxShown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Unwrap makes each error reachable by errors.As.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// problems collects errors while a scenario is read.
type problems struct{ found Errors }

// add collects an error. What a flag sets in several places is said once.
func (p *problems) add(at position, field, format string, args ...any) {
	e := &Error{at.file, at.line, at.column, field, fmt.Sprintf(format, args...)}
	if at.line == 0 && slices.ContainsFunc(p.found, func(old *Error) bool { return *old == *e }) {
		return
	}
	p.found = append(p.found, e)
}

// err returns what was collected, sorted, or nil.
func (p *problems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	slices.SortStableFunc(p.found, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return p.found
}

// quote shows what the user wrote, shortened.
func quote(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
