package scenarios

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	for _, tt := range []struct {
		name  string
		known []string
		want  string // empty = none
	}{
		{"rpmm", []string{"tpm", "rpm"}, "rpm"},
		{"rpm", []string{"tpm", "rpm"}, "rpm"},
		{"RPM", []string{"tpm", "rpm"}, "rpm"},
		{"jiter", []string{"naive", "jitter"}, "jitter"},
		{"niave", []string{"none", "naive"}, "naive"},
		{"x", []string{"rpm"}, ""},
		{"tenants", []string{"tenant", "arrivals"}, "tenant"},
		{"duratoin", []string{"drain", "duration"}, "duration"},
		{"max_retry", []string{"max_delay", "max_retries"}, "max_retries"},
		{"instances", []string{"network", "timeout"}, ""},
		{"", []string{"a"}, "a"},
		{"a", nil, ""},
	} {
		got, ok := Nearest(tt.name, tt.known)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Nearest(%q, %q) = %q, %v; want %q", tt.name, tt.known, got, ok, tt.want)
		}
	}
}

// slow is the definition of the distance, by recursion.
func slow(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	i, j := len(a)-1, len(b)-1
	change := 1
	if a[i] == b[j] {
		change = 0
	}
	d := min(slow(a[:i], b)+1, slow(a, b[:j])+1, slow(a[:i], b[:j])+change)
	if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
		d = min(d, slow(a[:i-1], b[:j-1])+1)
	}
	return d
}

func TestDistanceIsTheDefinition(t *testing.T) {
	words := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		if got, want := distance(a, b), slow(a, b); got != want {
			t.Fatalf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}
