package reports

import (
	"bytes"
	"strings"
	"testing"

	"ratesim/provider/capacity"
)

// someOffers are Azure's PTUs, Vertex AI's GSUs, which cost less, and a vendor of tokens alone.
func someOffers() []*capacity.Report {
	ptu := aPTU()
	ptu.Vendor, ptu.Unit = "azure", "PTU"
	gsu := aPTU()
	gsu.Vendor, gsu.Model, gsu.Unit, gsu.PerUnit = "vertex", "gemini-2.5-flash", "GSU", 161_400
	gsu.BreakEven = capacity.BreakEvens{"weekly": 2.46, "monthly": 1.27, "quarterly": 1.13, "yearly": 0.94}
	gsu.Options = []capacity.Option{
		{Name: "payg", Commitment: "none", Deployment: "global", USDPerMonth: 2_100, Online: 1, RejectedShare: new(0.0), LatencyP95: new(3.2), MeetsSLO: true},
		{Name: "gsu", Commitment: "weekly", Deployment: "global", Unit: "GSU", PTUs: 2, USDPerMonth: 10_428, Utilisation: 0.5, Online: 1, RejectedShare: new(0.0), LatencyP95: new(3.2), MeetsSLO: true},
		{Name: "gsu", Commitment: "yearly", Deployment: "global", Unit: "GSU", PTUs: 2, USDPerMonth: 4_000, Utilisation: 0.5, Online: 1, RejectedShare: new(0.0), LatencyP95: new(3.2), MeetsSLO: true},
		{Name: "gsu+spillover", Commitment: "yearly", Deployment: "global", Unit: "GSU", PTUs: 1, USDPerMonth: 2_060, Utilisation: 0.98, SpilledShare: 0.02, Online: 1, Spills: true, RejectedShare: new(0.0), LatencyP95: new(3.2), MeetsSLO: true, Rule: "p95"},
	}
	gsu.Replay = &capacity.Replay{Minutes: 1440, Requests: 50_000}
	gsu.Recommendation = capacity.Recommendation{Option: 3, USDPerMonth: 2_060, Why: "its GSU is 98 % used", FlipsIf: []string{"GSUs cost 2 % more"}}
	gsu.Warnings = append(gsu.Warnings, "a pool that customers share")
	tokens := aPTU()
	tokens.Vendor, tokens.Model, tokens.Unit, tokens.Options, tokens.Curves, tokens.BreakEven = "anthropic", "claude-sonnet-4.5", "", tokens.Options[:1], nil, nil
	tokens.Replay = &capacity.Replay{PAYG: "anthropic/claude-sonnet-4.5@scale", Limits: []capacity.Limit{{Name: "itpm", Most: 10_000_000}}, Assumed: true}
	tokens.Recommendation = capacity.Recommendation{Option: 0}
	return []*capacity.Report{ptu, gsu, tokens}
}

// The cheapest offer is the answer, its warnings are said once, and what turns an offer that
// is not taken is left out.
func TestOffers(t *testing.T) {
	d := Offers(someOffers())
	want := "Buy 1 global GSU of vertex/gemini-2.5-flash, reserved for a year, and let what exceeds them spill over to pay-as-you-go: 2,060 USD a month, 2 % less than pay-as-you-go alone. Its GSU is 98 % used. " +
		"Next comes 20 PTUs yearly with spillover of azure/gpt-4o for 5,220 a month, 153 % more."
	if d.Title != want {
		t.Errorf("%s\nwant %s", d.Title, want)
	}
	if lead := strings.Join(d.Lead, "\n"); !strings.Contains(lead, "Requests take as long as on pay-as-you-go") || !strings.Contains(lead, "anthropic/claude-sonnet-4.5@scale (10.0M ITPM)") ||
		!strings.Contains(lead, "No limits are known of the pay-as-you-go of vertex/gemini-2.5-flash") || !strings.Contains(lead, "azure/gpt-4o@dz-tier-1 (300k TPM) would refuse 23.2 %") {
		t.Error(lead)
	}
	if len(d.Warnings) != 2 || len(d.Assumed) != 1 {
		t.Errorf("warnings %q, assumed %q", d.Warnings, d.Assumed)
	}
	titles := ""
	for _, l := range d.Lists {
		titles += l.Title + "\n"
	}
	if titles != "azure/gpt-4o: it rests on\nvertex/gemini-2.5-flash: another answer if\nvertex/gemini-2.5-flash: it rests on\nanthropic/claude-sonnet-4.5: it rests on\n" {
		t.Error(titles)
	}
	none := someOffers()
	for _, r := range none {
		r.Recommendation.Option = -1
	}
	if d := Offers(none); d.Title != "No offer that was looked at meets p95<=8s and rejected<=0.1%." {
		t.Error(d.Title)
	}
	payg := someOffers()[2:]
	payg = append(payg, someOffers()[0])
	payg[1].Recommendation.Option = 1
	if d := Offers(payg); !strings.HasPrefix(d.Title, "Take pay-as-you-go of anthropic/claude-sonnet-4.5: 6,123 USD a month") {
		t.Error(d.Title)
	}
}

// What is saved can be reported again, byte for byte, and broken files are errors.
func TestOffersAreReadAgain(t *testing.T) {
	d := Offers(someOffers())
	saved, err := Read("result.json", strings.NewReader(written(t, d, JSON{})))
	if err != nil {
		t.Fatal(err)
	}
	for _, as := range []Reporter{Text{Width: 80}, Markdown{}, CSV{}, JSON{}} {
		var again, first bytes.Buffer
		if err := as.Report(&again, saved.Document("")); err != nil {
			t.Fatal(err)
		}
		if err := as.Report(&first, d); err != nil || again.String() != first.String() {
			t.Errorf("%T: %v\n%s\nwant\n%s", as, err, again.String(), first.String())
		}
	}
	for text, want := range map[string]string{
		`{"schema":"ratesim/capacity/v1"}`:                                                            "there are no results",
		`{"schema":"ratesim/capacity/v1","results":[null]}`:                                           "results[0] is null",
		`{"schema":"ratesim/capacity/v1","results":[{"options":[]}]}`:                                 "results[0]: there are no options",
		`{"schema":"ratesim/capacity/v1","results":[{"options":[{}],"recommendation":{"option":3}}]}`: "results[0]: recommendation.option is 3",
	} {
		if _, err := Read("x", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
