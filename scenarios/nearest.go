package scenarios

import "strings"

// Nearest returns the known name that a misspelt one most likely means: the
// one with the fewest insertions, deletions, substitutions and swaps of
// neighbours, upper and lower case alike (optimal string alignment, the
// restricted form of Damerau, "A technique for computer detection and
// correction of spelling errors", CACM 1964). It reports false when none is
// near: more than a third of the name, and at least two letters, differ. Of
// equally near names it takes the one that begins more alike.
func Nearest(name string, known []string) (string, bool) {
	const longest = 64 // no known name is longer; the time is quadratic in it
	if len(name) > longest {
		return "", false
	}
	best, found := "", false
	least := max(1, len(name)/3) + 1
	for _, k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		if d < least || found && d == least && shared(name, k) > shared(name, best) {
			best, least, found = k, d, true
		}
	}
	return best, found
}

// shared returns the length of the common beginning of a and b.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance counts the edits between a and b. Its table has a row for each
// prefix of a; only the last three are kept.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// unknown says that a name is not among the known ones.
func unknown(what, name string, known []string) string {
	return "unknown " + what + " " + quote(name) + suggestion(name, known)
}

// suggestion says what is near a name, and what is allowed.
func suggestion(name string, known []string) string {
	hint := "; "
	if near, ok := Nearest(name, known); ok {
		hint = "; did you mean " + quote(near) + "? "
	}
	return hint + "allowed: " + strings.Join(known, ", ")
}
