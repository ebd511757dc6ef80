package capacity

import (
	"math"
	"strings"
	"testing"

	"ratesim/provider/catalog"
)

func offerOf(t *testing.T, vendor, model string, p Prices) *Offer {
	t.Helper()
	o, err := NewOffer(known, vendor, model, catalog.Global, p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// The worked example of the vendor's page on measuring: 10 requests a second of 1,000 text and
// 500 audio tokens in and 300 out of gemini-3.6-flash are 30,000 tokens a second, 44.44 GSUs,
// for which 45 are bought.
func TestVertexExample(t *testing.T) {
	o := offerOf(t, "vertex", "gemini-3.6-flash", Prices{})
	d := steady(3000, Tokens{600, 600 * 1500, 0, 600 * 300})
	r := Evaluate(d, o, Settings{}).Report
	if r.Normalised.Mean != 60*30_000 || math.Abs(r.Normalised.Mean/o.PerUnit-44.44) > 0.005 || r.PTUsAt.P95 != 45 {
		t.Errorf("%v normalised tokens a minute, %+v", r.Normalised.Mean, r.PTUsAt)
	}
	if r.Unit != "GSU" || r.Vendor != "vertex" || r.Options[1].Unit != "GSU" || r.Options[1].Name != "gsu" || r.Options[1].Title() != "45 GSUs weekly" {
		t.Errorf("%s %s, %+v", r.Vendor, r.Unit, r.Options[1])
	}
	// All minutes are alike and fill 45 GSUs: a year of them costs 45 x 2,000 a month.
	if last := r.Options[len(r.Options)-1]; last.Rule != "p95" || last.Commitment != "yearly" {
		t.Errorf("%+v", last)
	}
}

// By hand: a GSU of gemini-2.5-flash serves 2,690 tokens a second, 7,069,320,000 in a month of
// 730 hours. At $0.30 a million of input they are worth $2,120.80; output weighs 9, and costs
// 8.33 times as much. A week's GSU costs 1,200 x 730/168 = 5,214.29 a month.
func TestVertexBreakEven(t *testing.T) {
	o := offerOf(t, "vertex", "gemini-2.5-flash", Prices{})
	got := o.BreakEvens(Tokens{Prompt: 1})
	for term, want := range map[string]float64{"weekly": 5214.29 / 2120.80, "monthly": 2700 / 2120.80, "quarterly": 2400 / 2120.80, "yearly": 2000 / 2120.80} {
		if math.Abs(got[term]-want) > 1e-4 {
			t.Errorf("%s: %v, want %v", term, got[term], want)
		}
	}
	if len(got) != 4 {
		t.Errorf("%v", got)
	}
}

// How the three ways to send a request are options, and what is not known of the pool, is said.
func TestVertexNotes(t *testing.T) {
	o := offerOf(t, "vertex", "gemini-2.5-flash", Prices{})
	if notes := strings.Join(o.Notes, "\n"); !strings.Contains(notes, "dedicated") || !strings.Contains(notes, "without a published limit") {
		t.Errorf("notes: %s", notes)
	}
}
