package scenarios

import (
	"strings"

	"ratesim/scenarios/spelling"
)

// Nearest returns the known name that a misspelt one most likely means: the
// one with the fewest insertions, deletions, substitutions and swaps of
// neighbours, upper and lower case alike (optimal string alignment, the
// restricted form of Damerau, "A technique for computer detection and
// correction of spelling errors", CACM 1964). It reports false when none is
// near: more than a third of the name, and at least two letters, differ, and not
// just one begins with all of the name but its last letter, and none ends with it after an
// underscore. Of equally near names it takes the one that begins more alike.
func Nearest(name string, known []string) (string, bool) {
	const longest = 64 // no known name is longer; the time is quadratic in it
	if len(name) > longest {
		return "", false
	}
	best, found := "", false
	least := max(1, len(name)/3) + 1
	for _, k := range known {
		d := spelling.Distance(strings.ToLower(name), strings.ToLower(k))
		if d < least || found && d == least && spelling.Shared(name, k) > spelling.Shared(name, best) {
			best, least, found = k, d, true
		}
	}
	if found {
		return best, true
	}
	for _, k := range known { // only its last part: p95 of time_to_success_p95
		if len(name) > 2 && strings.HasSuffix(k, "_"+strings.ToLower(name)) {
			return k, true
		}
	}
	for _, k := range known { // an ending of its own: strategy, strategies
		if n := spelling.Shared(name, k); n >= 4 && n >= len(name)-1 {
			if found {
				return "", false // it begins several
			}
			best, found = k, true
		}
	}
	return best, found
}

// unknown says that a name is not among the known ones.
func unknown(what, name string, known []string) string {
	return "unknown " + what + " " + quote(name) + suggestion(name, known)
}

// suggestion says what is near a name, and what is allowed.
func suggestion(name string, known []string) string { return suggest(name, known, known) }

// suggest is suggestion that lists only what is shown of the known names.
func suggest(name string, known, shown []string) string {
	hint := "; "
	if near, ok := Nearest(name, known); ok {
		hint = "; did you mean " + quote(near) + "? "
	}
	return hint + "allowed: " + strings.Join(shown, ", ")
}
