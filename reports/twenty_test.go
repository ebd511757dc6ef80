package reports

import (
	"strings"
	"testing"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// Twenty calls, one every 3 s, of 600 tokens each, scored by hand.
//
// Under patient, call i (1 to 20) succeeds i seconds after it arrives, with two
// attempts if i is even, of which the limit on requests refuses the first. So none
// fails; half (10) are done within 10 s, 95 % (19) within 19 s and 99 % (20) within
// 20 s; 30 attempts are 1.5 a call; ten are 429s; the last ends at 57 + 20 = 77 s, so
// 12,000 tokens are 9,351 a minute.
//
// Under hasty, calls 1 to 14 succeed after 1 s and the others fail at once, after one
// attempt each that is refused. 6 of 20 are 300 of 1,000; half are done within 1 s, 95 %
// never; 20 attempts are 1.0 a call; the last ends at 57 s, so 8,400 tokens are
// 8,842 a minute.
//
// patient pays 0.60 USD for 20 answers, 30 for 1,000; hasty 0.28 for 14, 20 for 1,000. Of
// 15,000 tokens allowed patient is charged 12,000, 80 %, hasty 8,400, 56 %. No second
// sees more than two attempts of patient (the second at once after the first), and one
// of hasty.
//
// The last attempt comes in the second that ends at 58 s, so each of the 14 characters
// over time stands for 4.14 s. The 429s of patient come at 3, 9, 15, ... 57 s: one each in
// characters 0, 2, 3, 5, 6, 7, 9, 10, 12 and 13. Those of hasty come at 42, 45, ... 57 s: 2,
// 1, 1 and 2 in the last four.
func twentyCalls() *metrics.Result {
	run := func(hasty bool) *metrics.Run {
		r := metrics.NewRun(metrics.Setup{Deployments: 1, Tenants: 1, Instances: 1, Duration: time.Minute})
		w := metrics.Work{Tokens: 600}
		type event struct {
			at clock.Time
			do func()
		}
		var ends []event
		for i := 1; i <= 20; i++ {
			at := clock.Time(i-1) * 3 * clock.Second
			for len(ends) > 0 && ends[0].at <= at {
				ends[0].do()
				ends = ends[1:]
			}
			r.Arrive(at, w)
			r.Attempt(at, 0, 0, true)
			switch {
			case hasty && i > 14:
				r.Reject(at, 0, limit.ByRPM)
				r.Fail(at, 0, 0)
				continue
			case !hasty && i%2 == 0:
				r.Reject(at, 0, limit.ByRPM)
				r.Attempt(at, 0, 0, false)
			}
			latency := time.Duration(i) * time.Second
			if hasty {
				latency = time.Second
			}
			end := at.Add(latency)
			ends = append(ends, event{end, func() { r.Succeed(end, latency, w) }}) // they end in order
		}
		for _, e := range ends {
			e.do()
		}
		last := 77 * clock.Second
		r.CostUSD, r.Charged, r.Allowed = 0.6, 12_000, 15_000
		if hasty {
			last, r.CostUSD, r.Charged = 57*clock.Second, 0.28, 8400
		}
		r.Close(last)
		return r
	}
	outcomes := []metrics.Outcome{
		{Name: "patient", Rank: 1, Runs: []*metrics.Run{run(false)}},
		{Name: "hasty", Runs: []*metrics.Run{run(true)}},
	}
	s := metrics.NewSample(outcomes)
	r := &metrics.Result{Kind: "simulated", Scenario: "twenty", Seed: 1, Verdict: verdict.Judge(s, verdict.Options{})}
	metrics.Summarise(r, s, []string{"all"})
	return r
}

func TestTwentyCallsByHand(t *testing.T) {
	const want = `
strategy     failed    half    95 %    99 %  attempts  429s  USD per     goodput   quota    peak            429s
          per 1,000  within  within  within  per call       1,000 ok  tokens/min    used  att./s       over time
patient           0  10.0 s  19.0 s  20.0 s      1.50    10    30.00        9351  80.0 %       2  ▁·▁▁·▁▁▁·▁▁·▁▁
hasty           300   1.0 s   never   never      1.00     6    20.00        8842  56.0 %       1  ··········█▁▁█
`
	squeeze := func(s string) string {
		var lines []string
		for line := range strings.Lines(s) {
			if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "─") {
				lines = append(lines, strings.Join(words, " "))
			}
		}
		return strings.Join(lines, "\n")
	}
	table := squeeze(written(t, Compare(twentyCalls(), ""), Text{}))
	if !strings.Contains(table, squeeze(want)) {
		t.Errorf("want\n%s\nin\n%s", squeeze(want), table)
	}
	const leads = "One replication is too few for a verdict. patient leads, which may be chance: no call fails and 95 % succeed within 19.0 s."
	if !strings.Contains(table, leads) {
		t.Errorf("want %q in\n%s", leads, table)
	}
}
