package workload

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// open opens one stream under a fixed seed.
func open(t testing.TB, s Stream, until clock.Time) Source {
	t.Helper()
	return openAt(t, rng.New(1, 0), s, until)
}

func openAt(t testing.TB, key rng.Key, s Stream, until clock.Time) Source {
	t.Helper()
	sources, err := Open([]Stream{s}, key, until)
	if err != nil {
		t.Fatal(err)
	}
	return sources[0]
}

// take returns the next n arrivals, or those that are left if fewer.
func take(t testing.TB, s Source, n int) []Arrival {
	t.Helper()
	var all []Arrival
	var a Arrival
	for len(all) < n && s.Next(&a) {
		all = append(all, a)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// at returns the arrival times in seconds.
func at(arrivals []Arrival) []float64 {
	var all []float64
	for _, a := range arrivals {
		all = append(all, a.At.Seconds())
	}
	return all
}

// sound holds one set of parameters of every process, at about 10 calls/s.
func sound() []Arrivals {
	minute := time.Minute
	return []Arrivals{
		{Process: ConstantRate, Rate: 10},
		{Process: Poisson, Rate: 10},
		{Process: GammaRenewal, Rate: 10, CV: 3},
		{Process: Weibull, Rate: 10, CV: 3},
		{Process: MMPP, Rate: 5, BurstRate: 50, Calm: 9 * time.Second, Burst: time.Second},
		{Process: Ramp, From: 0, To: 20, Over: minute},
		{Process: Diurnal, Rate: 10, Swing: 1, Period: minute, PeakAt: minute / 4},
		{Process: Spike, At: time.Second, Calls: 600, Over: minute},
		{Process: ClosedLoop, Users: 600, Think: rng.NewConstant(60)},
		{Process: Trace, Log: Log{Name: "azure-conv-2023"}, Transform: Transform{Speed: 2, Loop: true}},
		{Process: InSessions, Think: rng.NewConstant(1), Sessions: &Sessions{Start: Arrivals{Process: Poisson, Rate: 10}, Turns: rng.NewConstant(3), Added: rng.NewConstant(100)}},
	}
}

// TestEverySourceKeepsItsContract runs every process over random lengths of
// run: times in order and before the end, IDs unique, sizes positive,
// exhaustion final, and everything the same when opened again.
func TestEverySourceKeepsItsContract(t *testing.T) {
	prompt, err := rng.NewLognormal(900, 4000)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		until := clock.Time(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "until"))
		key := rng.New(rapid.Uint64().Draw(t, "seed"), 0)
		var streams []Stream
		for _, a := range sound() {
			streams = append(streams, Stream{Tenant: a.Process.String(), Arrivals: a, Prompt: prompt, MaxTokens: 50, Deadline: time.Second})
		}
		seen := map[uint64]bool{}
		for i := range streams {
			first, again := openAll(t, streams, key, until)[i], openAll(t, streams, key, until)[i]
			var a, b, before Arrival
			for first.Next(&a) {
				if !again.Next(&b) || a != b {
					t.Fatalf("%s: opened again it gives %+v, not %+v", streams[i].Tenant, b, a)
				}
				if a.At < before.At || a.At >= until || seen[a.ID] || a.Tenant != uint16(i) {
					t.Fatalf("%s: %+v after %+v, until %v", streams[i].Tenant, a, before, until)
				}
				if a.Prompt < 1 || a.Output < 1 || a.Output > 50 || a.Estimate != a.Prompt || a.Guess != a.Prompt || a.Deadline != a.At+clock.Second {
					t.Fatalf("%s: sizes or deadline of %+v", streams[i].Tenant, a)
				}
				seen[a.ID] = true
				before = a
			}
			for range 3 {
				if first.Next(&a) || again.Next(&b) {
					t.Fatalf("%s: goes on after its end", streams[i].Tenant)
				}
			}
		}
		if until > clock.Time(10*time.Minute) && len(seen) < 30_000 {
			t.Fatalf("only %d arrivals in %v", len(seen), until)
		}
	})
}

func openAll(t *rapid.T, streams []Stream, key rng.Key, until clock.Time) []Source {
	sources, err := Open(streams, key, until)
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// TestStreamsDoNotDisturbEachOther adds a stream and looks at those before it.
func TestStreamsDoNotDisturbEachOther(t *testing.T) {
	one := Stream{Tenant: "a", Arrivals: Arrivals{Process: Poisson, Rate: 1}}
	two := Stream{Tenant: "b", Arrivals: Arrivals{Process: Poisson, Rate: 5}}
	key := rng.New(1, 0)
	alone, err := Open([]Stream{one}, key, clock.Never)
	if err != nil {
		t.Fatal(err)
	}
	both, err := Open([]Stream{one, two, one}, key, clock.Never)
	if err != nil {
		t.Fatal(err)
	}
	want := take(t, alone[0], 100)
	if diff := cmp.Diff(want, take(t, both[0], 100)); diff != "" {
		t.Errorf("the first stream changed (-alone +together):\n%s", diff)
	}
	if cmp.Equal(at(want), at(take(t, both[2], 100))) {
		t.Error("equal streams in different positions arrive at the same times")
	}
	if cmp.Equal(at(want), at(take(t, openAt(t, rng.New(1, 1), one, clock.Never), 100))) {
		t.Error("two replications arrive at the same times")
	}
}

func TestTenants(t *testing.T) {
	streams := []Stream{{Tenant: "b"}, {Tenant: "a"}, {Tenant: "b"}, {Tenant: ""}}
	for i := range streams {
		streams[i].Arrivals = Arrivals{Process: ConstantRate, Rate: 1}
	}
	if diff := cmp.Diff([]string{"b", "a", ""}, Tenants(streams)); diff != "" {
		t.Errorf("Tenants (-want +got):\n%s", diff)
	}
	sources, err := Open(streams, 0, clock.Never)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint16{0, 1, 0, 2} {
		if got := take(t, sources[i], 1)[0].Tenant; got != want {
			t.Errorf("streams[%d]: tenant %d, want %d", i, got, want)
		}
	}
}

func TestRefusedParameters(t *testing.T) {
	nan, second := math.NaN(), time.Second
	tests := []struct {
		arrivals Arrivals
		want     string // after "workload[0].arrivals: "
	}{
		{Arrivals{Process: ConstantRate}, "constant: rate must be above 0 and at most 1e+09 calls/s, got 0"},
		{Arrivals{Process: ConstantRate, Rate: nan}, "constant: rate must be above 0 and at most 1e+09 calls/s, got NaN"},
		{Arrivals{Process: Poisson, Rate: math.Inf(1)}, "poisson: rate must be above 0 and at most 1e+09 calls/s, got +Inf"},
		{Arrivals{Process: GammaRenewal, Rate: -1, CV: 1}, "gamma: rate must be above 0 and at most 1e+09 calls/s, got -1"},
		{Arrivals{Process: GammaRenewal, Rate: 1}, "gamma: cv must be 0.01 to 1000, got 0"},
		{Arrivals{Process: Weibull, Rate: 1, CV: 1001}, "weibull: cv must be 0.01 to 1000, got 1001"},
		{Arrivals{Process: Weibull, CV: 1}, "weibull: rate must be above 0 and at most 1e+09 calls/s, got 0"},
		{Arrivals{Process: MMPP, Rate: 1, BurstRate: 2, Calm: second}, "mmpp: calm and burst must be at least 1ms, got 1s and 0s"},
		{Arrivals{Process: MMPP, Calm: second, Burst: second}, "mmpp: burst_rate must be above 0 and at most 1e+09 calls/s, got 0"},
		{Arrivals{Process: MMPP, Rate: -1, BurstRate: 2, Calm: second, Burst: second}, "mmpp: rate must be above 0 and at most 1e+09 calls/s, got -1"},
		{Arrivals{Process: Ramp, To: nan}, "ramp: to must be above 0 and at most 1e+09 calls/s, got NaN"},
		{Arrivals{Process: Ramp, From: 1, Over: -1}, "ramp: over must not be negative, got -1ns"},
		{Arrivals{Process: Diurnal, Rate: 1, Swing: 1.1, Period: second}, "diurnal: swing must be 0 to 1, got 1.1"},
		{Arrivals{Process: Diurnal, Rate: 1}, "diurnal: period must be above 0, got 0s"},
		{Arrivals{Process: Spike}, "spike: calls must be 1 to 1000000000, got 0"},
		{Arrivals{Process: Spike, Calls: 1, At: -second}, "spike: at and over must not be negative, got -1s and 0s"},
		{Arrivals{Process: ClosedLoop}, "closed: users must be 1 to 16777216, got 0"},
		{Arrivals{Process: Trace, Transform: Transform{Speed: -1}}, "trace: speed must be above 0 and at most 1e+06, got -1"},
		{Arrivals{Process: Trace, Transform: Transform{Scale: nan}}, "trace: scale must be above 0 and at most 10000, got NaN"},
		{Arrivals{Process: 99}, "process 99: there is no such arrival process"},
	}
	for _, tt := range tests {
		_, err := Open([]Stream{{Arrivals: tt.arrivals}}, 0, clock.Second)
		got := "nil"
		if err != nil {
			got = err.Error()
		}
		if want := "workload[0].arrivals: " + tt.want; got != want {
			t.Errorf("Open(%+v):\n got %s\nwant %s", tt.arrivals, got, want)
		}
	}
	if _, err := Open(make([]Stream, 1<<16+1), 0, 0); err == nil || !strings.Contains(err.Error(), "at most 65536") {
		t.Errorf("65537 streams: got error %v", err)
	}
}

// TestNoAllocationPerArrival also covers the calls after a closed one ends.
func TestNoAllocationPerArrival(t *testing.T) {
	prompt, err := rng.NewGamma(500, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range sound() {
		a.Calls, a.Users = a.Calls*1000, a.Users*10
		s := open(t, Stream{Arrivals: a, Prompt: prompt, Estimate: Estimate{Belief: Chars}}, clock.Never)
		var next Arrival
		if !s.Next(&next) {
			t.Fatalf("%s: no first arrival: %v", a.Process, s.Err())
		}
		if n := testing.AllocsPerRun(2000, func() { s.Next(&next) }); n != 0 {
			t.Errorf("%s: %v allocations per arrival", a.Process, n)
		}
		if c, ok := s.(Closed); ok {
			after := make([]Arrival, 0, 1)
			if n := testing.AllocsPerRun(2000, func() { after = c.Ended(next.At, next.ID, true, after[:0]) }); n != 0 {
				t.Errorf("%s: %v allocations per ended call", a.Process, n)
			}
		}
	}
}

func BenchmarkNext(b *testing.B) {
	for _, a := range sound() {
		if a.Process == Spike || a.Process == ClosedLoop {
			continue // they end
		}
		b.Run("process="+a.Process.String(), func(b *testing.B) {
			s := open(b, Stream{Arrivals: a, Prompt: rng.NewConstant(900)}, clock.Never)
			var next Arrival
			for b.Loop() {
				s.Next(&next)
			}
		})
	}
}

func TestAboutNamesEveryProcess(t *testing.T) {
	var names []string
	for _, d := range About() {
		names = append(names, d.Name)
	}
	if diff := cmp.Diff(Processes[:], names); diff != "" {
		t.Errorf("described processes (-want +got):\n%s", diff)
	}
}
