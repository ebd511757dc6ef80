package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"ratesim/provider/capacity"
	"ratesim/reports/words"
)

// aPTU is two days of a service by the minute.
func aPTU() *capacity.Report {
	levels := func(scale float64) capacity.Levels {
		return capacity.Levels{Mean: 41_000 * scale, P50: 38_400 * scale, P90: 70_000 * scale, P95: 81_234.5 * scale, P99: 95_000 * scale, Max: 120_000 * scale, RollingMax: 131_000 * scale}
	}
	r := &capacity.Report{
		Schema: capacity.Schema, Model: "gpt-4o", Deployment: "global", Currency: "USD", Source: "usage.csv (plain)", Start: "2026-11-02T00:00:00Z",
		Minutes: 2880, Granularity: "minute", Requests: 86_400, CachedShare: 0.25, OutputShare: 0.125,
		TPM: levels(1), Normalised: levels(1.2), PTUsAt: capacity.Sized{P50: 20, P90: 35, P95: 40, P99: 50, Max: 60},
		ByHour:    []capacity.Period{{Name: "08", Mean: 10_000, P95: 12_000, Minutes: 120}, {Name: "09", Mean: 60_000, P95: 70_000, Minutes: 120}},
		ByWeekday: []capacity.Period{{Name: "Mon", Mean: 41_000, P95: 50_000, Minutes: 1440}, {Name: "Tue", Mean: 82_000, P95: 99_000, Minutes: 1440}},
		Sizes: []capacity.DeploymentSizes{
			{Deployment: "global", Minimum: 15, Step: 5, PTUsAt: capacity.Sized{P50: 20, P90: 35, P95: 40, P99: 50, Max: 60}},
			{Deployment: "regional", Minimum: 50, Step: 50, PTUsAt: capacity.Sized{P50: 50, P90: 50, P95: 50, P99: 50, Max: 100}}},
		WithinHour: []capacity.Bursty{{CV: 0.292, P99: 90_000, Max: 110_000, PTUsAtP99: 40, PTUs: 20, USDPerMonth: 5_100}, {CV: 1.026, P99: 190_000, Max: 310_000, PTUsAtP99: 80, USDPerMonth: 5_400}},
		BreakEven:  capacity.BreakEvens{"hourly": 2.41, "monthly": 0.858, "yearly": 0.7295},
		Uncached:   capacity.BreakEvens{"hourly": 2.667, "monthly": 0.95, "yearly": 0.807},
		Objectives: []string{"p95<=8s", "rejected<=0.1%"},
		Options: []capacity.Option{
			{Name: "payg", Commitment: "none", Deployment: "global", USDPerMonth: 6_123.456789, USDPerYear: 73_481.48, Online: 1, RejectedShare: new(0.0), LatencyP50: new(2.0), LatencyP95: new(7.2), LatencyP99: new(9.0), MeetsSLO: true},
			{Name: "ptu", Commitment: "yearly", Deployment: "global", PTUs: 55, USDPerMonth: 12_155, USDPerYear: 145_860, Utilisation: 0.357, Online: 1, RejectedShare: new(0.0004), LatencyP50: new(2.1), LatencyP95: new(8.4), LatencyP99: new(11.0), Missed: []string{"p95 8.4 s"}},
			{Name: "ptu+spillover", Commitment: "yearly", Deployment: "global", PTUs: 20, USDPerMonth: 5_220, USDPerYear: 62_640, Utilisation: 0.87, SpilledShare: 0.113, Online: 1, Spills: true, RejectedShare: new(0.0), ReplayedSpilled: new(0.121), LatencyP50: new(2.3), LatencyP95: new(7.9), LatencyP99: new(12.0), MeetsSLO: true},
			{Name: "ptu-schedule", Commitment: "yearly+hourly", Deployment: "global", PTUs: 50, USDPerMonth: 9_000, USDPerYear: 108_000, Utilisation: 0.6, Online: 1, RejectedShare: new(0.01), Missed: []string{"p95 not known", "rejected 1 %"}, Schedule: &capacity.Schedule{Reserved: 20, Hours: []int{20, 50}, Extra: 15}},
			{Name: "payg+batch", Commitment: "none", Deployment: "global", USDPerMonth: 5_510, USDPerYear: 66_120, Online: 0.8, RejectedShare: new(0.0), LatencyP95: new(7.2), MeetsSLO: true},
		},
		Replay: &capacity.Replay{From: "2026-11-03T00:00:00Z", Minutes: 1440, Requests: 50_000, PAYG: "azure/gpt-4o@dz-tier-6", Limits: []capacity.Limit{{Name: "rpm", Most: 90_000}, {Name: "tpm", Most: 15_000_000}}, Assumed: true,
			Tiers: []capacity.Tier{{Ref: "azure/gpt-4o@dz-tier-1", Limits: []capacity.Limit{{Name: "tpm", Most: 300_000}}, Rejected: 0.2321, WithChosen: new(0.0004), Option: 1}}, Width: 60, Utilisation: []float64{0.2, 1.01}},
		Recommendation: capacity.Recommendation{Option: 2, USDPerMonth: 5_220, PTUsInterval: [2]int{15, 25}, Pays: new(0.98),
			Why: "its PTUs are 87 % used, and they pay above 73 %; 11 % of the tokens spill over", FlipsIf: []string{"pay-as-you-go prices fall by 16 %"}},
		Assumptions: []capacity.Assumption{
			{What: "input TPM per PTU", Value: 2500, Unit: "normalised tokens a minute", Source: "a page", Date: "2026-09-23", Confidence: "official"},
			{What: "output:input ratio", Value: 4, Unit: "normalised tokens per output token", Source: "a page", Date: "2026-09-23", Confidence: "official"},
			{What: "ptu price, yearly", Value: 2652, Unit: "USD per PTU-year", Source: "given on the command line", Confidence: "given"}},
		Warnings: []string{"the log has less than two whole days"},
		Curves: &capacity.Curves{StepMinutes: 1440, Mean: []float64{40_000, 58_000}, Highest: []float64{80_000, 144_000}, Bin: 50_000, Histogram: []float64{0.5, 0.4, 0.1},
			PTUs: []int{0, 15, 20, 40}, Hourly: []float64{6_123, 12_000, 15_500, 30_000}, Monthly: []float64{6_123, 5_600, 5_900, 11_000}, Yearly: []float64{6_123, 5_300, 5_220, 9_100}},
	}
	return r
}

// The keys that other programs may rely on.
func TestPTUContract(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal([]byte(written(t, Capacity(aPTU()), JSON{})), &got); err != nil {
		t.Fatal(err)
	}
	has := func(v any, keys string) {
		t.Helper()
		m, _ := v.(map[string]any)
		for _, k := range strings.Fields(keys) {
			if _, ok := m[k]; !ok {
				t.Errorf("no %s in %v", k, v)
			}
		}
	}
	has(got, "schema model minutes granularity tpm normalised_tpm ptus_at break_even_utilisation options recommendation assumptions warnings")
	for _, k := range []string{"tpm", "normalised_tpm"} {
		has(got[k], "mean p50 p90 p95 p99 max rolling_max")
	}
	has(got["ptus_at"], "p50 p90 p95 p99 max")
	has(got["break_even_utilisation"], "hourly monthly yearly")
	for _, o := range got["options"].([]any)[:3] {
		has(o, "name commitment deployment ptus usd_per_month spilled_share rejected_share latency_p95 meets_slo")
	}
	has(got["recommendation"], "option usd_per_month ptus_interval why flips_if")
	has(got["assumptions"].([]any)[0], "what value unit source date")
	if got["schema"] != "ratesim/ptu/v1" {
		t.Error(got["schema"])
	}
}

func TestAnswers(t *testing.T) {
	for _, k := range []struct {
		change func(*capacity.Report)
		want   string
	}{
		{func(*capacity.Report) {}, "Buy 20 global PTUs of gpt-4o, reserved for a year, and let what exceeds them spill over to pay-as-you-go: 5,220 USD a month, 15 % less than pay-as-you-go alone. " +
			"Its PTUs are 87 % used, and they pay above 73 %; 11 % of the tokens spill over; PTUs pay in 98 % of resamples of the days, with 15 to 25 the cheapest number in 95 % of them."},
		{func(r *capacity.Report) {
			r.Recommendation = capacity.Recommendation{Option: 0, Why: "a PTU costs more", Pays: new(0.0)}
		}, "Stay on pay-as-you-go: 6,123 USD a month. A PTU costs more; that holds in 100 % of resamples of the days."},
		{func(r *capacity.Report) {
			r.Recommendation = capacity.Recommendation{Option: 2, PTUsInterval: [2]int{20, 20}, Why: "another misses", Pays: new(0.9), ByObjective: true}
		}, "Buy 20 global PTUs of gpt-4o, reserved for a year, and let what exceeds them spill over to pay-as-you-go: 5,220 USD a month, 15 % less than pay-as-you-go alone. " +
			"Another misses; they cost less than pay-as-you-go in 90 % of resamples of the days."},
		{func(r *capacity.Report) {
			r.Recommendation = capacity.Recommendation{Option: -1, Why: "no option meets p95<=1s"}
		}, "Nothing that was looked at will do. No option meets p95<=1s."},
		{func(r *capacity.Report) { r.Recommendation = capacity.Recommendation{Option: 3, Why: "so"} },
			"Reserve 20 global PTUs of gpt-4o for a year and buy up to 30 more by the hour when they are needed: 9,000 USD a month, 47 % more than pay-as-you-go alone. So."},
		{func(r *capacity.Report) { r.Recommendation = capacity.Recommendation{Option: 4, Why: "so"} },
			"Stay on pay-as-you-go, with 20 % of the demand batched: 5,510 USD a month, 10 % less than pay-as-you-go alone. So."},
	} {
		r := aPTU()
		k.change(r)
		if got := Answer(r); got != k.want {
			t.Errorf("%s\nwant %s", got, k.want)
		}
	}
}

// What the answer costs in latency, and what pay-as-you-go is limited by, are said in words.
func TestService(t *testing.T) {
	for _, k := range []struct {
		change func(*capacity.Report)
		want   []string
	}{
		{func(*capacity.Report) {}, []string{"Requests take longer than on pay-as-you-go: 95 % are answered within 7.9 s instead of 7.2 s, half of them within 2.3 s instead of 2.0 s.",
			"Pay-as-you-go has the limits of azure/gpt-4o@dz-tier-6, 90.0k RPM and 15.0M TPM: the largest tier was assumed, --provider names another.",
			"On azure/gpt-4o@dz-tier-1 (300k TPM), 23.2 % of the requests would be refused, and 0.04 % with what is recommended here; the answer is another one there, as the table of tiers says."}},
		{func(r *capacity.Report) {
			r.Options[2].LatencyP50, r.Options[2].LatencyP95, r.Options[2].RejectedShare = nil, new(7.0), new(0.25)
			r.Replay.Assumed, r.Replay.Tiers = false, nil
		}, []string{"Requests take less time than on pay-as-you-go: 95 % are answered within 7.0 s instead of 7.2 s. 25.0 % of the requests fail.",
			"Pay-as-you-go has the limits of azure/gpt-4o@dz-tier-6, 90.0k RPM and 15.0M TPM."}},
		{func(r *capacity.Report) {
			r.Options[2].LatencyP95, r.Replay.PAYG, r.Replay.Tiers = new(7.2), "", nil
		}, []string{"Requests take as long as on pay-as-you-go: 95 % are answered within 7.2 s.", "No limits of pay-as-you-go are known, so that none of its requests is refused here; --provider names a deployment with limits."}},
		{func(r *capacity.Report) {
			r.Recommendation.Option, r.Replay.Tiers[0].WithChosen, r.Replay.Tiers[0].Option = 0, nil, 0
		}, []string{"Pay-as-you-go has the limits of azure/gpt-4o@dz-tier-6, 90.0k RPM and 15.0M TPM: the largest tier was assumed, --provider names another.",
			"On azure/gpt-4o@dz-tier-1 (300k TPM), 23.2 % of the requests would be refused; the answer is the same."}},
		{func(r *capacity.Report) { r.Replay, r.Recommendation.Option = nil, -1 }, nil},
	} {
		r := aPTU()
		k.change(r)
		if got := strings.Join(service(r), "\n"); got != strings.Join(k.want, "\n") {
			t.Errorf("%s\nwant %s", got, strings.Join(k.want, "\n"))
		}
	}
}

func TestMoney(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 3.456: "3.46", 12.5: "12", 999: "999", 1000: "1,000", 1234567.8: "1,234,568", -1234: "-1,234", -123456: "-123,456"} {
		if got := words.Money(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
