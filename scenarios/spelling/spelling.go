// Package spelling measures how far a misspelt name is from a known one.
package spelling

// Distance counts the edits between a and b: insertions, deletions, substitutions
// and swaps of neighbouring bytes, none of which is edited again (optimal string
// alignment, the restricted form of Damerau, "A technique for computer detection
// and correction of spelling errors", CACM 1964). Its time grows with the
// product of the lengths. Its table has a row for each prefix of a; only the
// last three are kept.
func Distance(a, b string) int {
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

// Shared returns the length of the common beginning of a and b, in bytes.
func Shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
