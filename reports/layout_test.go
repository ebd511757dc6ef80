package reports

import (
	"slices"
	"testing"
)

func TestWrapLines(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"waits of 5 s at most and no more", []string{"waits of 5 s at most", "and no more"}},
		{"the clients' waits are longer", []string{"the clients' waits", "are longer"}},
		{"write '- replies: [503, 200]', then ask", []string{"write", "'- replies: [503, 200]',", "then ask"}},
		{"the word 'wait' is one", []string{"the word 'wait' is", "one"}},
		{"'run -a' and 'run -b' too", []string{"'run -a' and 'run -b'", "too"}},
	} {
		if got := wrap(c.text, 21); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
