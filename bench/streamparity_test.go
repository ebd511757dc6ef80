package bench_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ratesim/strategies/catalog"
)

// streamed makes a part of the calls of a scenario stream, with deadlines of the first
// token and readers who leave.
func streamed(scenario string) string {
	scenario = strings.Replace(scenario, "    deadline: 50s\n", "    deadline: 50s\n    stream: 70%\n    first_token: 20s\n", 1)
	return strings.Replace(scenario, "    estimate: {error: 0.2}\n", "    estimate: {error: 0.2}\n    stream: true\n    leave: {share: 30%, after: {dist: uniform, min: 0s, max: 3s}}\n", 1)
}

// TestParityOfStreams is TestParity with streamed answers: each vendor's own stream, and
// every strategy.
func TestParityOfStreams(t *testing.T) {
	for i, d := range dialects {
		for _, name := range catalog.Names() {
			entry, _ := catalog.Find(name)
			if entry.Omniscient || name == "ptu" || name == "route" || name == "batch" || !inShort(name) && (i > 0 || testing.Short()) {
				continue
			}
			t.Run(d.name+"/"+name, func(t *testing.T) { compare(t, streamed(fmt.Sprintf(crowded, d.deployments, name))) })
		}
	}
}

// TestParityOfBrokenStreams is TestParityOfFaults with streamed answers: all that goes
// wrong before the first token, in the middle, and after the last.
func TestParityOfBrokenStreams(t *testing.T) {
	for i, f := range faulty {
		if testing.Short() && i%5 != 0 || f.name == "after" || f.name == "long" {
			continue // after and long count the bytes of a body, of which a stream has more than the simulator knows
		}
		for _, name := range []string{"retry-after", "header-aware"} {
			t.Run(f.vendor+"/"+f.name+"/"+name, func(t *testing.T) {
				i := slices.IndexFunc(dialects, func(d dialect) bool { return d.name == f.vendor })
				scenario := streamed(fmt.Sprintf(crowded, dialects[i].deployments, name))
				compare(t, strings.Replace(scenario, "faults:\n", "faults:\n  - "+f.fault+"\n", 1))
			})
		}
	}
}
