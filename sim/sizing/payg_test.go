package sizing

import (
	"math"
	"strings"
	"testing"
	"time"

	"ratesim/provider/capacity"
	"ratesim/scenarios/workload"
)

// A demand of 400,000 tokens a minute, a tenth of it output, which a PTU counts four times:
// 520,000 normalised tokens. It is more than the first tier of gpt-4o gives, 300,000 a minute,
// and less than the second does, 1,000,000.
func tiered() *log {
	l := &log{}
	for i := range 30 {
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(i) * time.Minute), Width: time.Minute, Requests: 400, Prompt: 360_000, Output: 40_000})
	}
	return l
}

// Where nobody says what pay-as-you-go is limited by, the largest tier is assumed, and the
// answer has what the smaller ones would refuse: of 400,000 tokens a quarter at 300,000.
func TestTiersAreTold(t *testing.T) {
	r := answer(t, question(tiered()))
	p := r.Replay
	if p.PAYG != "azure/gpt-4o@dz-tier-6" || !p.Assumed || len(p.Limits) != 2 || p.Limits[1] != (capacity.Limit{Name: "tpm", Most: 15_000_000}) {
		t.Errorf("assumed %s, %v, %v", p.PAYG, p.Assumed, p.Limits)
	}
	if len(p.Tiers) != 1 || p.Tiers[0].Ref != "azure/gpt-4o@dz-tier-1" || math.Abs(p.Tiers[0].Rejected-0.25) > 0.05 {
		t.Fatalf("%+v", p.Tiers)
	}
	if *r.Options[0].RejectedShare != 0 || r.Options[0].MeetsSLO == false {
		t.Errorf("%+v", r.Options[0])
	}
	for _, w := range r.Warnings {
		if strings.Contains(w, "would refuse") {
			t.Errorf("pay-as-you-go refuses nothing, but: %s", w)
		}
	}
	// At a third of the prices pay-as-you-go is the cheapest, but not where it refuses a quarter.
	q := question(tiered())
	q.Prices.Input, q.Prices.Cached, q.Prices.Output = new(0.8), new(0.4), new(3.2)
	r = answer(t, q)
	tier := r.Replay.Tiers[0]
	if r.Recommendation.Option != 0 || tier.WithChosen != nil || tier.Option <= 0 || r.Options[tier.Option].PTUs == 0 {
		t.Errorf("recommended is %d, on the smallest tier %+v", r.Recommendation.Option, tier)
	}
}

// Who names a tier is not told of others, but warned where it refuses.
func TestNamedTierRefuses(t *testing.T) {
	q := question(tiered())
	q.Offers[0].PAYG = "azure/gpt-4o@dz-tier-1"
	r := answer(t, q)
	if r.Replay.Assumed || len(r.Replay.Tiers) > 0 {
		t.Errorf("%+v", r.Replay)
	}
	if all := strings.Join(r.Warnings, "\n"); !strings.Contains(all, "the limits of azure/gpt-4o@dz-tier-1 would refuse") {
		t.Error(all)
	}
}
