package profile

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ratesim/scenarios/workload"
)

// described reads a file of the published traces; the test is skipped where they are not.
func described(t *testing.T, file string, o workload.UsageOptions) *Profile {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "..", "shared", "data", file))
	if err != nil {
		t.Skipf("the whole traces are not part of the repository: %v", err)
	}
	defer f.Close()
	log, err := workload.OpenUsage(file, f, o)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMeter(nil)
	if err := m.Read(log); err != nil {
		t.Fatal(err)
	}
	return m.Profile(nil)
}

// TestPublishedStatistics holds profiles of whole traces against figures that other programs
// computed, to each digit that is given there. The one that differs is the 99th percentile of
// the first file's gaps, which they have cut to 2.20: it is 2.2051.
func TestPublishedStatistics(t *testing.T) {
	for _, tt := range []struct{ file, columns, want string }{
		{"AzureLLMInferenceTrace_code.csv", "", `rows 8819 · span 3436 · minutes 57 · rate 2.57
prompt 2048 / 1469 / 7303 / 7436 / 7437 · output 27.9 / 13 / 90 / 251 / 1899 · correlation 0.001, -0.005, -0.021
RPM 151 / 111 / 453 / 575 / 632 · TPM 313944 / 221154 / 899432 / 1227529 / 1344551
gaps 13.15 (9.90) 0.064 / 2.21 / 217 · CV 1.041, 1.026 · lag 0.164, 0.160 · dispersion 164, 13.2
requests 72 / 415 / 723 · tokens 149560 / 888177 / 1409698`},
		{"AzureLLMInferenceTrace_conv.csv", "", `rows 19366 · span 3502 · minutes 58 · rate 5.53
prompt 1155 / 1020 / 4083 / 4142 / 14050 · output 211 / 129 / 451 / 601 / 1000 · correlation -0.112, 0.087, 0.073
RPM 333 / 328 / 467 / 492 / 507 · TPM 455361 / 448582 / 703361 / 775715 / 800837
gaps 1.094 (1.04) 0.118 / 0.890 / 4.31 · CV 0.220, 0.292 · lag 0.810, 0.855 · dispersion 16.1, 1.39
requests 19 / 112 / 522 · tokens 36790 / 190356 / 830960`},
		{"lmsys_arena_vtc_rpm.csv", "time=req_time_s,tenant=client", `rows 1500 · span 600 · minutes 10 · rate 2.50
prompt 136 / 40 / 653 / 902 / 1021 · output 256 / 211 / 513 / 785 / 977 · correlation 0.127, 0.292, 0.264
RPM 150 / 155 / 175 / 181 / 183 · TPM 58815 / 58498 / 72062 / 73050 / 73297
gaps 1.104 (1.10) 0.259 / 1.80 / 4.54 · CV 0.131, 0.170 · lag -0.245, -0.250 · dispersion 2.56, 1.38
requests 12 / 52 / 189 · tokens 5513 / 21433 / 78253`},
	} {
		o := workload.UsageOptions{}
		if tt.columns != "" {
			var err error
			if o.Columns, err = workload.ParseColumns(tt.columns); err != nil {
				t.Fatal(err)
			}
		}
		p := described(t, tt.file, o)
		got := strings.Fields(summary(p))
		for i, want := range strings.Fields(tt.want) {
			if i >= len(got) || alike(got[i], want) != want {
				t.Errorf("%s: %q, want %q\n%s", tt.file, got[i], want, summary(p))
			}
		}
	}
}

// summary writes the figures in the order of the tables that they are held against.
func summary(p *Profile) string {
	sizes := func(s *Sizes) string {
		return fmt.Sprintf("%.9g / %.9g / %.9g / %.9g / %.9g", s.Mean, s.P50, s.P95, s.P99, s.Max)
	}
	rate := func(r *Rate) string {
		return fmt.Sprintf("%.9g / %.9g / %.9g / %.9g / %.9g", r.Mean, r.P50, r.P95, r.P99, r.Max)
	}
	w := p.Windows
	return fmt.Sprintf("rows %d · span %.9g · minutes %d · rate %.9g\n", p.Rows, p.Span, p.Bins, p.RequestRate) +
		fmt.Sprintf("prompt %s · output %s · correlation %.9f, %.9f, %.9f\n", sizes(p.PromptSizes), sizes(p.OutputSizes), p.Correlation.Pearson, p.Correlation.LogLog, p.Correlation.Spearman) +
		fmt.Sprintf("RPM %s · TPM %s\n", rate(p.RPM), rate(p.TPM)) +
		fmt.Sprintf("gaps %.9g (%.9g) %.9g / %.9g / %.9g · CV %.9g, %.9g · lag %.9g, %.9g · dispersion %.9g, %.9g\n", p.Gaps.CV, *p.Gaps.Local, p.Gaps.P50, p.Gaps.P99, p.Gaps.Max,
			p.RPM.CV, p.TPM.CV, *p.RPM.Lag, *p.TPM.Lag, *w[2].Dispersion, *w[0].Dispersion) +
		fmt.Sprintf("requests %d / %d / %d · tokens %d / %d / %d", w[0].Requests, w[1].Requests, w[2].Requests, w[0].Tokens, w[1].Tokens, w[2].Tokens)
}

// alike writes a number with as many decimals as another has; a text as it is.
func alike(got, want string) string {
	trim := func(s string) string { return strings.Trim(s, "(),\n") }
	v, err := strconv.ParseFloat(trim(got), 64)
	if err != nil {
		return got
	}
	_, decimals, _ := strings.Cut(trim(want), ".")
	return strings.Replace(got, trim(got), strconv.FormatFloat(v, 'f', len(decimals), 64), 1)
}

// ServeGen's clients: requests a minute over windows of ten minutes, and how much the largest
// clients have. The figures of the second file are computed from its six digits; those that
// were published with it are of the data before they were rounded (1963 and 53 %).
func TestServeGenStatistics(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{"servegen_m-large_clients.csv.gz", "11751 / 11223 / 20506 / 24462 / 34980 · 162 clients · 16 / 43 / 63"},
		{"servegen_deepseek-r1_clients.csv.gz", "961 / 796 / 1962 / 2350 / 2551 · 73 clients · 29 / 52 / 68"},
	} {
		p := described(t, tt.file, workload.UsageOptions{})
		got := fmt.Sprintf("%.0f / %.0f / %.0f / %.0f / %.0f · %d clients · %.0f / %.0f / %.0f", p.RPM.Mean, p.RPM.P50, p.RPM.P95, p.RPM.P99, p.RPM.Max,
			p.Tenants.Number, 100*p.Tenants.Top1, 100*p.Tenants.Top5, 100*p.Tenants.Top10)
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.file, got, tt.want)
		}
	}
}
