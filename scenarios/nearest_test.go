package scenarios

import "testing"

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
		{"p95", []string{"time_to_success_p50", "time_to_success_p95", "latency_p95"}, "time_to_success_p95"},
		{"95", []string{"time_to_success_p95"}, ""},
		{"", []string{"a"}, "a"},
		{"a", nil, ""},
	} {
		got, ok := Nearest(tt.name, tt.known)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Nearest(%q, %q) = %q, %v; want %q", tt.name, tt.known, got, ok, tt.want)
		}
	}
}
