package sim

import (
	"fmt"
	"testing"
	"time"
)

// fleetSizes are those for which the promises are made.
func fleetSizes() []int {
	if testing.Short() {
		return []int{1, 16}
	}
	return []int{1, 2, 4, 8, 16, 32, 64}
}

// TestPacedFleet: instances that know nothing of each other use 95 % of a limit that all of
// them want more of, with headers and without. The refusals for each call that the limit
// lets through are bounded too:
//
//   - A refusal closes an instance's gate. When that opens, one more attempt may be in
//     flight for every eight admitted, so an opening that admits k costs at most 1 + k/8.
//   - The pause doubles when fewer than ten are admitted between two refusals, so there is
//     one opening for ten calls,
//   - unless the pause is as long as it may be, 30 s where headers tell of a limit and 8 s
//     elsewhere. Chance halves it at times, so an opening is expected in half of that.
//
// In all 1/8 + max(1/10, 2 N / (pause x calls a second)).
//
// Shares do not become equal in these 20 minutes, and between two instances not in hours: who
// has more is admitted more often between two refusals, so its pause is halved, and the pause
// of the other one grows. Then one gets a sixth of what the other one does. Jain's index of two
// such shares is 49/74 = 0.66. It must not fall below 0.6, nor that of larger fleets.
func TestPacedFleet(t *testing.T) {
	for _, d := range []struct {
		limited
		pause float64 // s
	}{
		{openAITokens, 30}, {openAISmall, 30}, {anthropic, 30}, {azureTokens, 30}, {azureSlices, 30},
		{bedrock, 8}, {bedrockSmall, 8}, {gemini, 8},
	} {
		for _, n := range fleetSizes() {
			used, refused, fair := d.share(t, fmt.Sprintf("instances: %d", n), 0)
			most := 1./8 + max(1./10, 2*float64(n)/(d.pause*d.calls/60))
			t.Logf("%-20s N = %2d: %5.1f %% of the limit, %.3f refusals a call, at most %.3f; Jain's index %.3f", d.name, n, 100*used, refused, most, fair)
			if used < 0.95 {
				t.Errorf("%s, %d instances: %.1f %% of the limit is used", d.name, n, 100*used)
			}
			if refused > most {
				t.Errorf("%s, %d instances: %.3f refusals a call, at most %.3f are expected", d.name, n, refused, most)
			}
			if fair < 0.6 {
				t.Errorf("%s, %d instances: Jain's index of what they get is %.3f", d.name, n, fair)
			}
		}
	}
}

// share returns which share of the limit a fleet uses that asks for twice as much, and the
// refusals for each call that the limit lets through, both in the second half of 20 minutes.
// fair is Jain's index of what the instances get in all of them.
func (d limited) share(t testing.TB, fleet string, replication int) (used, refused, fair float64) {
	t.Helper()
	s := d.scenario(t, 2, "", "duration: 20m\ndrain: 0s\nfleet: {network: {latency: 20ms, jitter: 5ms}, "+fleet+"}", "paced")
	w, r := watching(t, s, 0, replication, 10*time.Minute)
	sum, squares := 0.0, 0.0
	for _, served := range r.Instances {
		good := float64(served.Good)
		sum, squares = sum+good, squares+good*good
	}
	return float64(w.late.answered) / (10 * d.calls), float64(w.late.refused) / (10 * d.calls), sum * sum / (float64(len(r.Instances)) * squares)
}

// TestPacedCountedRefusals: where a refused request takes what has come back of one, which is
// half a request on average, every refusal a call costs half of a call. So no client that
// is refused once for ten calls uses more than 95 % of such a limit, and paced settles at ten
// to twenty admitted attempts a refusal. Alone it is never refused, and the 95 % hold up to the
// size of the fleet that the table names. Beyond it the longest pause is what bounds the
// refusals, and the share falls:
//
//	requests a minute   N = 4     8    16    32    64
//	              100    96 %  90 %  82 %  74 %  62 %
//	              300    97 %  96 %  93 %  86 %  79 %
//	            1,000    97 %  95 %  94 %  92 %  89 %
func TestPacedCountedRefusals(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of simulation")
	}
	const replications = 6
	for _, k := range []struct{ rpm, most int }{{100, 4}, {300, 8}, {1000, 8}} {
		d := counted(k.rpm)
		for _, n := range fleetSizes() {
			var used, refused float64
			for rep := range replications {
				u, r, _ := d.share(t, fmt.Sprintf("instances: %d", n), rep)
				used, refused = used+u/replications, refused+r/replications
			}
			t.Logf("%-20s N = %2d: %5.1f %% of the limit, %.3f refusals a call", d.name, n, 100*used, refused)
			if n <= k.most && used < 0.95 {
				t.Errorf("%s, %d instances: %.1f %% of the limit is used", d.name, n, 100*used)
			}
			if least := 1 - refused/2; used < least-0.01 {
				t.Errorf("%s, %d instances: %.1f %% of the limit is used; %.3f refusals a call leave %.1f %%", d.name, n, 100*used, refused, 100*least)
			}
			if most := 1./8 + max(1./10, 2*float64(n)/(30*d.calls/60)); refused > most {
				t.Errorf("%s, %d instances: %.3f refusals a call, at most %.3f are expected", d.name, n, refused, most)
			}
		}
	}
}

// TestPacedChangingFleet: the same holds while instances come and go, the bound on refusals
// for the largest number of them that have calls: those that go still finish theirs. An
// instance that comes knows nothing. It takes seven refusals to double its pause from half a
// second to half a minute.
func TestPacedChangingFleet(t *testing.T) {
	if testing.Short() {
		t.Skip("a second of simulation")
	}
	for _, d := range []struct {
		limited
		pause float64
	}{{openAITokens, 30}, {anthropic, 30}, {azureTokens, 30}, {bedrock, 8}, {gemini, 8}} {
		for _, fleet := range []struct {
			about, keys   string
			largest, come int
		}{
			{"grows", "instances: 1, churn: [{at: 10m, instances: 64}]", 64, 63},
			{"shrinks", "instances: 64, churn: [{at: 10m, instances: 1}]", 64, 0},
			{"changes every few minutes", "instances: 2, churn: [{at: 10m, instances: 16}, {at: 13m, instances: 4}, {at: 16m, instances: 32}, {at: 18m, instances: 8}]", 46, 42},
			{"is deployed again and again", "instances: 8, churn: [{at: 10m, instances: 16}, {at: 11m, instances: 8}, {at: 12m, instances: 16}, {at: 13m, instances: 8}, {at: 14m, instances: 16}, {at: 15m, instances: 8}]", 32, 24},
		} {
			used, refused, _ := d.share(t, fleet.keys, 0)
			most := 1./8 + max(1./10, 2*float64(fleet.largest)/(d.pause*d.calls/60)) + 7*float64(fleet.come)/(10*d.calls)
			t.Logf("%-20s that %s: %5.1f %% of the limit, %.3f refusals a call, at most %.3f", d.name, fleet.about, 100*used, refused, most)
			if used < 0.95 || refused > most {
				t.Errorf("%s, a fleet that %s: %.1f %% of the limit is used, %.3f refusals a call, at most %.3f are expected", d.name, fleet.about, 100*used, refused, most)
			}
		}
	}
}
