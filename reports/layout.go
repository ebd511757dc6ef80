package reports

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minWrap is the narrowest text is wrapped to; below it words only fall apart.
const minWrap = 20

// wrap breaks text into lines of at most width characters at spaces, but not
// between a number and its unit, nor in what is 'quoted', which readers copy; width 0 or
// less means one line. Words longer than a line stand alone in one.
func wrap(text string, width int) []string {
	units := unbroken(text)
	if len(units) == 0 {
		return nil
	}
	if width <= 0 {
		return []string{strings.Join(units, " ")}
	}
	width = max(width, minWrap)
	lines := []string{units[0]}
	for _, w := range units[1:] {
		last := lines[len(lines)-1]
		if utf8.RuneCountInString(last)+1+utf8.RuneCountInString(w) <= width {
			lines[len(lines)-1] = last + " " + w
		} else {
			lines = append(lines, w)
		}
	}
	return lines
}

// unbroken splits text at spaces, and keeps units with their numbers and quotations whole.
func unbroken(text string) []string {
	var out []string
	quoted := false
	for _, w := range strings.Fields(text) {
		bare := strings.TrimRight(w, ".,;:)")
		unit := slices.Contains([]string{"%", "s", "ms", "min", "USD"}, bare)
		n := len(out)
		if quoted || unit && n > 0 && unicode.IsDigit(rune(out[n-1][len(out[n-1])-1])) {
			out[n-1] += " " + w
		} else {
			out = append(out, w)
		}
		quoted = (quoted || strings.HasPrefix(w, "'")) && (bare == "'" || !strings.HasSuffix(bare, "'"))
	}
	return out
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))) + s
}

func padRight(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// painter returns a function that puts text in an ANSI style, or leaves it
// alone.
func painter(on bool) func(style, text string) string {
	return func(style, text string) string {
		if !on {
			return text
		}
		return style + text + reset
	}
}
