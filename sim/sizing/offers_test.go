package sizing

import (
	"testing"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
)

// ofVendors is a question about several offers.
func ofVendors(l Log, offers ...Wanted) *Question {
	return &Question{Usage: l, Source: "test", Catalog: catalog.Embedded(), Offers: offers, Deployment: catalog.Global, Seed: 1}
}

// One pass over a log answers for all offers, each as if it were alone.
func TestOffersSideBySide(t *testing.T) {
	offers := []Wanted{{Vendor: "azure", Model: "gpt-4o"}, {Vendor: "vertex", Model: "gemini-2.5-flash"}, {Vendor: "openai", Model: "gpt-4o"}, {Vendor: "anthropic", Model: "claude-sonnet-4.5"}}
	all, err := Answer(t.Context(), ofVendors(tiered(), offers...))
	if err != nil || len(all) != len(offers) {
		t.Fatal(len(all), err)
	}
	for i, w := range offers {
		alone := answer(t, ofVendors(tiered(), w))
		if all[i].Vendor != w.Vendor || all[i].Model != w.Model || len(all[i].Options) != len(alone.Options) {
			t.Errorf("%s: %d options, alone %d", w.Vendor, len(all[i].Options), len(alone.Options))
			continue
		}
		for k, o := range all[i].Options {
			if a := alone.Options[k]; o.USDPerMonth != a.USDPerMonth || *o.RejectedShare != *a.RejectedShare || *o.LatencyP95 != *a.LatencyP95 {
				t.Errorf("%s, %s: %v, alone %v", w.Vendor, o.Title(), o.USDPerMonth, a.USDPerMonth)
			}
		}
		if r := all[i].Replay; (r.PAYG == "") != (w.Vendor == "vertex") || r.Assumed != (w.Vendor != "vertex") {
			t.Errorf("%s: pay-as-you-go %q, assumed %v", w.Vendor, r.PAYG, r.Assumed)
		}
	}
}

// An order whose windows are smaller than the demand spills the rest in each of them: of a
// steady x tokens a minute, all but what the units give in a minute. In windows of 30 s a
// request that does not fit leaves its room unused, at most 2 x 1,300 tokens a minute.
func TestGSUsSpillTheRest(t *testing.T) {
	l := &log{}
	for i := range 30 { // 600 requests of 1,000 in and 100 out, which count 1,000 + 5 x 100
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(i) * time.Minute), Width: time.Minute, Requests: 600, Prompt: 600_000, Output: 60_000})
	}
	const each, x = 675 * 60, 900_000
	for _, units := range []int{1, 10, 20} {
		q := ofVendors(l, Wanted{Vendor: "vertex", Model: "gemini-3.6-flash"})
		l.next = 0
		s, _ := stageOf(t, q)
		got, err := s.play(t.Context(), play{units: units, spills: true, online: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := float64(x-units*each) / x
		if slack := 2 * 6000.0 / x; got.spilled < want-1e-9 || got.spilled > want+slack || got.rejected != 0 {
			t.Errorf("%d GSUs: %v spilled, want %v and at most %v more; %v refused", units, got.spilled, want, slack, got.rejected)
		}
	}
}

// Where input and output are bought by themselves, either can be what is full: units that give
// all of the input and 12,500 of 20,000 output tokens a minute let so much of the output through,
// and what is in flight when a minute's output is full: output is not reserved.
func TestBundlesAreFullOfEither(t *testing.T) {
	l := &log{}
	for i := range 30 { // 400 requests: 100,000 in and 20,000 out
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(i) * time.Minute), Width: time.Minute, Requests: 400, Prompt: 100_000, Output: 20_000})
	}
	q := ofVendors(l, Wanted{Vendor: "openai", Model: "gpt-5"})
	s, _ := stageOf(t, q)
	half := *s.offer
	half.Outputs /= 2
	s.offer = &half
	got, err := s.play(t.Context(), play{units: 5, spills: true, online: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := 7500.0 / 20_000; got.spilled > want || got.spilled < want-0.02 {
		t.Errorf("%v spilled, want %v or a little less", got.spilled, want)
	}
}
