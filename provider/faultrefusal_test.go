package provider

import (
	"math"
	"testing"

	"ratesim/provider/wire"
	"ratesim/sim/rng"
)

// A fault with 429 refuses a share of the attempts, within five standard deviations.
// What it refuses is charged to no limit, and results count it as refused by none that
// they know.
func TestRefusedByAFault(t *testing.T) {
	const n, rate = 20_000, 0.3
	cfg := &Config{Vendor: "openai", Model: "gpt-4o", RPM: n, TPM: 1e9, Faults: []Fault{{Kind: Errors, Status: 429, Rate: rate, Until: minute}}}
	m := New(cfg, rng.New(3, 0), nil)
	refused := 0
	for call := range uint64(n) {
		a, r := wire.Attempt{Call: call, Prompt: 7, Guess: 5, Output: 4}, wire.Reply{}
		m.Arrive(0, &a, &r)
		if r.OK() {
			continue
		}
		refused++
		if r.Status != 429 || r.Limit != wire.Requests || r.RetryAfter != wire.Absent || a.Admitted || m.RefusedBy().String() != "unnamed" {
			t.Fatalf("%+v, admitted %v, refused by %v", r, a.Admitted, m.RefusedBy())
		}
		var ans wire.Answer
		m.Answer(0, &a, &r, &ans)
		if ans.Most != n || ans.Used != n {
			t.Fatalf("%+v", ans)
		}
	}
	if spread := 5 * math.Sqrt(n*rate*(1-rate)); math.Abs(float64(refused)-n*rate) > spread {
		t.Errorf("%d of %d refused, want %v within %.0f", refused, n, n*rate, spread)
	}
	if m.Tally.Admitted != int64(n-refused) {
		t.Errorf("%d admitted of %d, %d refused", m.Tally.Admitted, n, refused)
	}
	m.SetFaults(0, &Config{Vendor: "openai", RPM: n, TPM: 1e9, Faults: []Fault{{Kind: Outage, Status: 429, Until: minute}}})
	a, r := wire.Attempt{Call: n}, wire.Reply{}
	if m.Arrive(0, &a, &r); r.Status != 429 || r.Limit != wire.Requests || m.RefusedBy().String() != "unnamed" {
		t.Errorf("an outage with 429: %+v, %v", r, m.RefusedBy())
	}
}
