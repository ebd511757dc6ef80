package presets

import (
	"math"
	"testing"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// TestCubicAsRecorded holds the rate and what the bucket holds, after each of a row
// of replies, against those of botocore's own classes (1.43: CubicCalculator,
// RateClocker, TokenBucket), run with a clock set by hand.
func TestCubicAsRecorded(t *testing.T) {
	s := cubic{rate: firstRate}
	for _, tt := range []struct {
		at         float64 // seconds
		refused    bool
		rate, left float64
	}{
		{0.1, false, 0.5, 0.1},
		{0.2, false, 0.5, 0.15},
		{1.1, false, 0.5324, 0.6},
		{2, true, 0.896, 1},
		{2.05, false, 0.95148, 1},
		{2.45, false, 1.21824, 1},
		{2.55, true, 0.852766, 1},
		{5.55, false, 2.55573, 1},
		{6.45, false, 3.71115, 2.55573},
		{9.45, false, 1.27556, 1.27556},
		{9.55, false, 3.45511, 1.27556},
		{10.45, false, 3.89102, 3.45511},
		{10.5, false, 3.9782, 3.64966},
		{10.55, true, 1.39237, 1.39237},
		{11.45, true, 0.97466, 1},
		{11.5, false, 1.03343, 1},
		{11.7, false, 1.21361, 1.03343},
		{14.7, false, 1.99449, 1.21361},
		{15.1, false, 3.5989, 1.99449},
		{15.5, false, 3.91978, 3.43405},
		{16.4, false, 3.98396, 3.91978},
		{16.5, false, 3.99679, 3.98396},
		{16.55, true, 1.39888, 1.39888},
		{16.95, false, 1.83339, 1.39888},
		{19.95, false, 2.39936, 1.83339},
		{22.95, false, 1.0132, 1.0132},
	} {
		s.adjust(clock.FromSeconds(tt.at), tt.refused)
		if math.Abs(s.rate-tt.rate) > 1e-5*tt.rate || math.Abs(s.left-tt.left) > 1e-5*tt.left {
			t.Errorf("at %g s: rate %g with %g left, recorded %g with %g", tt.at, s.rate, s.left, tt.rate, tt.left)
		}
	}
}

// TestCubicCurve: ten replies a second are measured as ten a second. A refusal makes
// the rate 7; K = cbrt(10 x 0.3 / 0.4) = 1.957 s later it is 10 again, and d s
// after that 10 + 0.4 d^3, but at most twice what is measured.
func TestCubicCurve(t *testing.T) {
	s := cubic{rate: firstRate}
	now := clock.Time(0)
	reply := func(refused bool) {
		now += clock.Time(100 * time.Millisecond)
		s.adjust(now, refused)
	}
	for range 599 {
		reply(false)
	}
	if reply(true); math.Abs(s.rate-7) > 0.01 {
		t.Errorf("after a refusal the rate is %g, want 7", s.rate)
	}
	refused := now
	for range 100 {
		reply(false)
		d := now.Sub(refused).Seconds() - math.Cbrt(7.5)
		if want := min(20, 10+0.4*d*d*d); math.Abs(s.rate-want) > 0.01 {
			t.Errorf("%v after a refusal the rate is %g, want %g", now.Sub(refused), s.rate, want)
		}
	}
	for range 20 { // refused whatever it does, down to the floor
		now += 30 * clock.Second
		s.adjust(now, true)
	}
	if s.rate != 0.5 {
		t.Errorf("the rate is %g, want at least 0.5", s.rate)
	}
}

// What waits leaves at the rate: of ten calls that come together when the bucket
// is empty at 5 a second, the last leaves 10/5 s later.
func TestCubicPaces(t *testing.T) {
	s := cubic{sdk: library{key: rng.New(1, 0)}, enabled: true, rate: 5}
	var out strategies.Effects
	calls := make([]strategies.Call, 10)
	for i := range calls {
		calls[i].ID = uint64(i)
		s.Submit(0, &calls[i], &out)
	}
	sent := 0
	for s.waiting.Len() > 0 {
		alarm := s.alarm
		if s.Wake(alarm, nil, &out); s.alarm == alarm && s.waiting.Len() > 0 {
			t.Fatal("no alarm")
		}
		sent++
		if off := alarm.Seconds() - float64(sent)/5; math.Abs(off) > 1e-6 {
			t.Errorf("call %d leaves at %v", sent, alarm)
		}
	}
	for _, e := range out.List {
		if e.Kind == strategies.FailKind {
			t.Error("a call failed")
		}
	}
}
