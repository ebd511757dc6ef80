package sim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"ratesim/provider/wire"
	"ratesim/scenarios"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// TestScripts replays testdata/*.txt: a scenario goes in; everything its first
// strategy is told and says, and the counts of the run, come out. With -rewrite
// the expected traces are replaced by the actual ones; commit only a diff you
// can explain.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/script", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "run" {
				d.Fatalf(t, "unknown command %q", d.Cmd)
			}
			s := parse(t, d.Input)
			var trace strings.Builder
			factory := s.Strategies[0].Factory
			s.Strategies[0].Factory = func(env strategies.Env) strategies.Strategy {
				return &recorder{factory(env), &trace, map[uint64]int{}}
			}
			r := play(t, s, 0)
			fmt.Fprintf(&trace, "calls %d: %d succeeded, %d failed, %d censored; attempts %d, refused %d",
				r.Calls, r.Succeeded, r.Calls-r.Succeeded-r.Censored, r.Censored, r.Attempts, r.Rejected)
			if r.Succeeded > 0 {
				fmt.Fprintf(&trace, "; mean latency %.3fs", r.MeanLatency())
			}
			return trace.String() + "\n"
		})
	})
}

// parse reads a scenario; strategies replace its own if there are any.
func parse(t testing.TB, yaml string, strategies ...string) *scenarios.Spec {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(yaml), scenarios.Options{Strategies: strategies})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recorder writes down what passes between the engine and a strategy. Calls
// are named by letters in the order in which they arrive.
type recorder struct {
	strategy strategies.Strategy
	out      *strings.Builder
	letters  map[uint64]int
}

func (r *recorder) line(now clock.Time, what string, c *strategies.Call, out *strategies.Effects) {
	fmt.Fprintf(r.out, "%v %s", now, what)
	if c != nil {
		fmt.Fprintf(r.out, " %s", r.name(c))
	}
	sep := " ->"
	for _, f := range out.List {
		r.out.WriteString(sep)
		switch f.Kind {
		case strategies.SendKind:
			fmt.Fprintf(r.out, " send %s", r.name(f.Call))
		case strategies.WakeKind:
			fmt.Fprintf(r.out, " wake %s at %v", r.name(f.Call), f.At)
		case strategies.AskKind:
			r.out.WriteString(" ask")
			if f.Call != nil {
				fmt.Fprintf(r.out, " for %s", r.name(f.Call))
			}
		case strategies.AlarmKind:
			fmt.Fprintf(r.out, " alarm at %v", f.At)
		case strategies.AbortKind:
			fmt.Fprintf(r.out, " abort attempt %d of %s", f.Attempt, r.name(f.Call))
		case strategies.DoneKind:
			fmt.Fprintf(r.out, " done %s", r.name(f.Call))
		case strategies.FailKind:
			fmt.Fprintf(r.out, " fail %s %v", r.name(f.Call), f.Reason)
		}
		sep = ","
	}
	r.out.WriteByte('\n')
}

func (r *recorder) name(c *strategies.Call) string {
	i, ok := r.letters[c.ID]
	if !ok {
		i = len(r.letters)
		r.letters[c.ID] = i
	}
	return string(rune('a' + i))
}

func (r *recorder) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	r.strategy.Submit(now, c, out)
	r.line(now, "submit", c, out)
}

func (r *recorder) Reply(now clock.Time, c *strategies.Call, reply *wire.Reply, out *strategies.Effects) {
	r.strategy.Reply(now, c, reply, out)
	what := fmt.Sprint("reply ", reply.Status)
	if reply.RetryAfter > 0 {
		what += fmt.Sprintf(" (retry-after %v)", reply.RetryAfter)
	}
	r.line(now, what, c, out)
}

func (r *recorder) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	r.strategy.Wake(now, c, out)
	r.line(now, "wake", c, out)
}

func (r *recorder) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	r.strategy.Cancel(now, c, out)
	r.line(now, "cancel", c, out)
}
