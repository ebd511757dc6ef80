package strategies

import (
	"math"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// TestMeterRead: limit 6000 per minute, so 100 are refilled each second. The
// header was true at 10s and is read at 13s.
func TestMeterRead(t *testing.T) {
	const absent = wire.Absent
	for _, tt := range []struct {
		name  string
		quota wire.Quota
		spent float64
		limit float64
		left  float64
	}{
		{"refilled since", wire.Quota{Limit: 6000, Remaining: 1000, Reset: absent}, 0, 6000, 1300},
		{"spent since", wire.Quota{Limit: 6000, Remaining: 1000, Reset: absent}, 500, 6000, 800},
		{"more spent than there was", wire.Quota{Limit: 6000, Remaining: 1000, Reset: absent}, 5000, 6000, 0},
		{"never above the limit", wire.Quota{Limit: 6000, Remaining: 5900, Reset: absent}, 0, 6000, 6000},
		{"reset to come", wire.Quota{Limit: 6000, Remaining: 1000, Reset: 4 * time.Second}, 0, 6000, 1300},
		{"reset has come", wire.Quota{Limit: 6000, Remaining: 1000, Reset: 3 * time.Second}, 100, 6000, 5900},
		{"remaining alone", wire.Quota{Limit: absent, Remaining: 3000, Reset: absent}, 0, 3000, 3000},
		{"absurd remaining", wire.Quota{Limit: 6000, Remaining: math.MaxInt64, Reset: absent}, 0, 6000, 6000},
		{"nothing", wire.NoQuota, 0, 0, 0},
		{"zeros", wire.Quota{}, 0, 0, 0},
	} {
		var m meter
		m.read(13*clock.Second, 10*clock.Second, tt.quota, tt.spent)
		if m.limit != tt.limit || math.Abs(m.left-tt.left) > 1e-6 {
			t.Errorf("%s: limit %v, left %v; want %v, %v", tt.name, m.limit, m.left, tt.limit, tt.left)
		}
	}
}

func TestMeterReady(t *testing.T) {
	for _, tt := range []struct {
		name       string
		left, cost float64
		reset      time.Duration
		want       float64 // seconds from now
	}{
		{"needs 80% of what is left", 1000, 800, wire.Absent, 0},
		{"needs more: until 810/0.8 are left", 1000, 810, wire.Absent, 0.125},
		{"needs more than 80% of the limit: until all is left", 1000, 5000, wire.Absent, 50},
		{"needs more than the limit: likewise, the provider will say", 1000, 50_000, wire.Absent, 50},
		{"a reset comes sooner", 1000, 5000, 7 * time.Second, 7},
	} {
		m := meter{}
		m.read(0, 0, wire.Quota{Limit: 6000, Remaining: int64(tt.left), Reset: tt.reset}, 0)
		at := m.ready(0, tt.cost/0.8)
		if math.Abs(at.Seconds()-tt.want) > 1e-9 {
			t.Errorf("%s: ready at %v, want %vs", tt.name, at, tt.want)
		}
		if again := m.ready(at+1, tt.cost/0.8); again != at+1 {
			t.Errorf("%s: at %v it is not ready before %v", tt.name, at+1, again)
		}
	}
}

// TestMeterSpend: below 20 % of 6000 a send of 50 takes half a second to be
// refilled.
func TestMeterSpend(t *testing.T) {
	for _, tt := range []struct{ left, cost, want float64 }{
		{1250, 50, 0},
		{1249, 50, 0.5},
		{10, 50, 0.5},
		{10, 1e9, 60}, // no more than the limit is ever refilled
	} {
		m := meter{limit: 6000, left: tt.left, full: clock.Never}
		if got := m.spend(0, tt.cost, 0.2); math.Abs(got.Seconds()-tt.want) > 1e-9 {
			t.Errorf("spend(%v) with %v left: next at %v, want %vs", tt.cost, tt.left, got, tt.want)
		}
	}
}
