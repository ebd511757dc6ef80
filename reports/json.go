package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON writes the data of documents: two spaces of indent, each estimate and each curve on
// one line, numbers rounded to 6 significant digits, which is well inside any interval
// and keeps files small and stable. An estimate, curve or paired difference with a NaN
// or an infinity in it is left out, as one that does not apply.
type JSON struct{}

// Report implements Reporter.
func (JSON) Report(w io.Writer, d *Document) error {
	b, err := json.MarshalIndent(d.Data, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	if _, err := w.Write(append(printableJSON(oneLine(b)), '\n')); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// oneLine joins the lines of number arrays and of objects that hold nothing but
// mean, lo and hi. A line break in JSON text is never inside a string, so no
// string can match.
func oneLine(b []byte) []byte {
	estimate := regexp.MustCompile(`\{\n\s+("mean": [^\n]+)\n\s+("lo": [^\n]+)\n\s+("hi": [^\n]+)\n\s+\}`)
	b = estimate.ReplaceAll(b, []byte("{$1 $2 $3}"))
	array := regexp.MustCompile(`\[\n\s+-?[0-9][-+.eE0-9,\s]*\]`)
	space := regexp.MustCompile(`\s+`)
	return array.ReplaceAllFunc(b, func(m []byte) []byte { return space.ReplaceAll(m, nil) })
}

// printableJSON writes as escapes what would steer a terminal: control characters beyond
// ASCII, and those that turn the direction of text. They are never outside strings.
func printableJSON(b []byte) []byte {
	var out bytes.Buffer
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == '\n' || unicode.IsPrint(r) {
			out.Write(b[:n])
		} else {
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
		b = b[n:]
	}
	return out.Bytes()
}
