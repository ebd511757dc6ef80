package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// logged replays a log of one call a minute for so many minutes, with more keys for its
// arrivals.
func logged(t *testing.T, minutes int, more, rest string) *Spec {
	t.Helper()
	var log strings.Builder
	log.WriteString("time,prompt_tokens,output_tokens\n")
	for i := range minutes {
		fmt.Fprintf(&log, "%d,%d,10\n", 60*i, 100+i)
	}
	text := fmt.Sprintf("name: logged\nduration: %dm\nworkload: [{arrivals: {process: trace, file: log.csv%s}}]\ndeployments: [{name: main, provider: openai/gpt-4o@tier-1}]\nstrategies: [none]\n%s", minutes, more, rest)
	s, err := Parse("test.yaml", []byte(text), Options{Trace: "log.csv", TraceData: []byte(log.String()), Duration: time.Duration(minutes) * time.Minute})
	if more != "" { // --trace takes the place of the stream
		s, err = Parse("test.yaml", []byte(text), Options{Describe: func(*workload.Log) (workload.Summary, error) {
			return workload.Summary{Rows: int64(minutes), Last: clock.Time(0).Add(time.Duration(minutes-1) * time.Minute)}, nil
		}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Together the periods have each call of the log once, at its time within its period.
func TestPeriods(t *testing.T) {
	for _, tt := range []struct {
		minutes int
		want    []int // calls of each period of ten minutes
	}{{30, []int{10, 10, 10}}, {36, []int{10, 10, 10, 6}}, {34, []int{10, 10, 10}}, {15, []int{10, 5}}, {14, nil}} {
		s := logged(t, tt.minutes, "", "")
		var got []int
		for i, p := range s.Periods(10 * time.Minute) {
			sources, err := workload.Open(p.Workload, rng.New(1, 0), clock.Time(p.Duration))
			if err != nil {
				t.Fatal(err)
			}
			var a workload.Arrival
			n := 0
			for sources[0].Next(&a) {
				if want := time.Duration(n) * time.Minute; a.At.Sub(0) != want || int(a.Prompt) != 100+10*i+n {
					t.Errorf("%d minutes, period %d: a call of %d tokens at %v, want one of %d at %v", tt.minutes, i, a.Prompt, a.At.Sub(0), 100+10*i+n, want)
				}
				n++
			}
			got = append(got, n)
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%d minutes: %v calls, want %v", tt.minutes, got, tt.want)
		}
	}
}

// What is told by the clock of the whole run, or has no end, is in no period.
func TestNoPeriods(t *testing.T) {
	for what, s := range map[string]*Spec{
		"loop":   logged(t, 30, ", loop: true", ""),
		"speed":  logged(t, 30, ", speed: 2", ""),
		"shift":  logged(t, 30, ", shift: 1m", ""),
		"growth": logged(t, 30, ", growth: 1.1", ""),
		"faults": logged(t, 30, "", "faults: [{kind: outage, deployment: main, at: 5m, for: 1m}]\n"),
	} {
		if p := s.Periods(10 * time.Minute); p != nil {
			t.Errorf("%s: %d periods", what, len(p))
		}
	}
}
