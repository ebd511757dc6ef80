package workload

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// after returns the times and copies of rows after a change. The rows are in memory.
func after(t *testing.T, change Transform, times []clock.Time, until clock.Time) (at []clock.Time, copies []int) {
	t.Helper()
	kept := make([]Row, len(times))
	for i, x := range times {
		kept[i] = Row{At: x, Length: Length{1, 1}}
	}
	tr := transformed[Row]{Transform: change, key: rng.New(1, 0), until: until, most: MaxScale, at: func(r *Row) clock.Time { return r.At },
		open: func() (rows[Row], error) { return &keptRows[Row]{rows: kept}, nil }}
	var row Row
	for x, number, ok := tr.Next(&row); ok; x, number, ok = tr.Next(&row) {
		at, copies = append(at, x), append(copies, number)
	}
	if err := tr.Err(); err != nil {
		t.Fatal(err)
	}
	return at, copies
}

func seconds(s ...float64) []clock.Time {
	var out []clock.Time
	for _, x := range s {
		out = append(out, clock.FromSeconds(x))
	}
	return out
}

func TestSliceShiftLoop(t *testing.T) {
	trace := seconds(10, 11, 14, 20, 29)
	for _, tt := range []struct {
		name   string
		change Transform
		until  clock.Time
		want   []clock.Time
	}{
		{"slice", Transform{Begin: 11 * time.Second, End: 20 * time.Second}, clock.Never, seconds(0, 3)},
		{"slice to the end", Transform{Begin: 12 * time.Second}, clock.Never, seconds(2, 8, 17)},
		{"slice from the beginning", Transform{End: 12 * time.Second}, clock.Never, seconds(10, 11)},
		{"shift", Transform{Shift: 5 * time.Second}, 21 * clock.Second, seconds(15, 16, 19)},
		{"shift counts after speed", Transform{Shift: 5 * time.Second, Speed: 2, End: 15 * time.Second}, clock.Never, seconds(10, 10.5, 12)},
		{"a slice repeats after its length", Transform{Begin: 11 * time.Second, End: 20 * time.Second, Loop: true}, 20 * clock.Second, seconds(0, 3, 9, 12, 18)},
		{"a slice without an end repeats after a mean gap", Transform{Begin: 12 * time.Second, Loop: true}, 28 * clock.Second, seconds(2, 8, 17, 24.5)},
	} {
		got, _ := after(t, tt.change, trace, tt.until)
		if diff := gocmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A copy is the whole trace, moved by one time, and goes round at the period: its rows are as
// far from each other as those of the trace, modulo the period.
func TestCopiesAreRotations(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		gaps := rapid.SliceOfN(rapid.Int64Range(0, 10_000), 2, 30).Draw(r, "gaps")
		scale := rapid.IntRange(2, 5).Draw(r, "scale")
		begin := rapid.Int64Range(0, 5).Draw(r, "begin")
		at, trace := begin*1000, []clock.Time(nil)
		for _, g := range gaps {
			at += g
			trace = append(trace, clock.Time(at))
		}
		first, last := trace[0], trace[len(trace)-1]
		period := (&Summary{Rows: int64(len(trace)), First: first, Last: last}).Period()
		got, copies := after(t, Transform{Scale: float64(scale)}, trace, clock.Never)
		if !slices.IsSorted(got) || len(got) != scale*len(trace) {
			r.Fatalf("%d rows, in order: %v", len(got), slices.IsSorted(got))
		}
		of := make([][]clock.Time, scale)
		for i, x := range got {
			if x < first || x >= first.Add(period) {
				r.Fatalf("%v is outside of the period", x)
			}
			of[copies[i]] = append(of[copies[i]], x)
		}
		if diff := gocmp.Diff(trace, of[0]); diff != "" {
			r.Fatalf("the trace itself is changed:\n%s", diff)
		}
		for number, rows := range of {
			found := false
			for _, x := range rows { // the row that the first row of the trace became
				moved := x - first
				turned := make([]clock.Time, len(trace))
				for i, y := range trace {
					turned[i] = first + (y-first+moved)%clock.Time(period)
				}
				slices.Sort(turned)
				found = found || slices.Equal(turned, rows)
			}
			if !found {
				r.Fatalf("copy %d at %v is no rotation of %v", number, rows, trace)
			}
		}
	})
}

// inWindows returns the number of times in each window of a length, up to the last whole one.
func inWindows(at []clock.Time, window, until clock.Time) []float64 {
	n := make([]float64, until/window)
	for _, x := range at {
		if i := int(x / window); i < len(n) {
			n[i]++
		}
	}
	return n
}

// dispersion returns the variance over the mean, and the mean.
func dispersion(n []float64) (d, mean float64) {
	for _, x := range n {
		mean += x / float64(len(n))
	}
	for _, x := range n {
		d += (x - mean) * (x - mean) / float64(len(n)-1)
	}
	return d / mean, mean
}

// drawn returns the times of a process.
func drawn(t *testing.T, a Arrivals, until clock.Time) (times []clock.Time) {
	t.Helper()
	for _, x := range at(take(t, open(t, Stream{Arrivals: a}, until), math.MaxInt)) {
		times = append(times, clock.FromSeconds(x))
	}
	return times
}

// The index of dispersion of n windows of a Poisson process has mean 1 and variance 2/(n-1).
// A thinned Poisson process is one, and so are superposed ones.
func TestTransformsOfPoisson(t *testing.T) {
	const rate, until, window = 20.0, 20_000 * clock.Second, 5 * clock.Second
	trace := drawn(t, Arrivals{Process: Poisson, Rate: rate}, until)
	for _, scale := range []float64{0.1, 0.5, 1, 1.5, 3} {
		got, _ := after(t, Transform{Scale: scale}, trace, clock.Never)
		d, mean := dispersion(inWindows(got, window, until))
		n := float64(until / window)
		want := rate * scale * window.Seconds()
		if sd := math.Sqrt(want / n); math.Abs(mean-want) > 5*sd {
			t.Errorf("scale %v: %v calls a window, want %v +- %v", scale, mean, want, 5*sd)
		}
		if sd := math.Sqrt(2 / (n - 1)); math.Abs(d-1) > 5*sd {
			t.Errorf("scale %v: dispersion %v, want 1 +- %v", scale, d, 5*sd)
		}
	}
}

// Thinning by p makes D into 1 + p (D - 1); copies keep D. D of what was drawn is measured on
// the trace itself, so that the bound is that of the thinning alone.
func TestTransformsOfBursts(t *testing.T) {
	const until, window = 40_000 * clock.Second, 5 * clock.Second
	trace := drawn(t, Arrivals{Process: MMPP, Rate: 5, BurstRate: 60, Calm: 9 * time.Second, Burst: time.Second}, until)
	before, _ := dispersion(inWindows(trace, window, until))
	if before < 5 {
		t.Fatalf("dispersion %v; want bursts", before)
	}
	for _, tt := range []struct{ scale, want, within float64 }{
		{0.2, 1 + 0.2*(before-1), 0.05}, {0.5, 1 + 0.5*(before-1), 0.05}, {2, before, 0.1}, {4, before, 0.1},
	} {
		got, _ := after(t, Transform{Scale: tt.scale}, trace, clock.Never)
		if d, _ := dispersion(inWindows(got, window, until)); math.Abs(d/tt.want-1) > tt.within {
			t.Errorf("scale %v: dispersion %v, want %v", tt.scale, d, tt.want)
		}
	}
	fast, _ := after(t, Transform{Speed: 2}, trace, clock.Never)
	slow, _ := dispersion(inWindows(trace, 2*window, until))
	if d, _ := dispersion(inWindows(fast, window, until/2)); math.Abs(d/slow-1) > 1e-3 {
		t.Errorf("speed 2: dispersion %v, want that of windows of twice the length, %v", d, slow)
	}
}

// At growth g the rate at time t is g^(t/week) times that of the trace.
func TestGrowth(t *testing.T) {
	const days, rate = 14, 0.05
	until := clock.Time(days * 24 * time.Hour)
	trace := drawn(t, Arrivals{Process: Poisson, Rate: rate}, until)
	for _, growth := range []float64{0.5, 1.2, 3} {
		got, _ := after(t, Transform{Growth: growth}, trace, clock.Never)
		for day, n := range inWindows(got, clock.Time(24*time.Hour), until) {
			a, b := float64(day)/7, float64(day+1)/7
			want := rate * week.Seconds() * (math.Pow(growth, b) - math.Pow(growth, a)) / math.Log(growth)
			if math.Abs(n-want) > 5*math.Sqrt(want) {
				t.Errorf("growth %v: %v calls on day %d, want %.0f +- %.0f", growth, n, day, want, 5*math.Sqrt(want))
			}
		}
	}
	looped, _ := after(t, Transform{Growth: 2, Loop: true, End: 24 * time.Hour}, trace, until)
	week1, week2 := 0.0, 0.0
	for _, x := range looped {
		if x < until/2 {
			week1++
		} else {
			week2++
		}
	}
	if ratio := week2 / week1; math.Abs(ratio-2) > 0.1 {
		t.Errorf("a looped day at growth 2: the second week has %v times the calls of the first", ratio)
	}
}

// Copies make the gaps those of independent calls: a trace of even gaps has a CV of 0, and 50
// copies of it nearly 1.
func TestCopiesApproachPoisson(t *testing.T) {
	var trace []clock.Time
	for i := range 2000 {
		trace = append(trace, clock.Time(i)*clock.Second)
	}
	got, _ := after(t, Transform{Scale: 50}, trace, clock.Never)
	sum, squares := 0.0, 0.0
	for i := range got[1:] {
		g := (got[i+1] - got[i]).Seconds()
		sum, squares = sum+g, squares+g*g
	}
	n := float64(len(got) - 1)
	if cv := math.Sqrt(squares/n-sum*sum/n/n) / (sum / n); math.Abs(cv-1) > 0.25 {
		t.Errorf("CV of the gaps %v, want about 1", cv)
	}
}

func TestTransformErrors(t *testing.T) {
	for _, tt := range []struct {
		change Transform
		want   string
	}{
		{Transform{Begin: 5, End: 5}, "slice must end after it begins, got 5ns to 5ns"},
		{Transform{Growth: 1e4}, "growth must be from 0.001 to 1000 a week, got 10000"},
		{Transform{Shift: -1}, "shift must not be below 0, got -1ns"},
		{Transform{Begin: time.Hour}, "f: has no rows in the slice that begins at 1h0m0s"},
		{Transform{Begin: time.Hour, Loop: true}, "f: has no rows in the slice that begins at 1h0m0s"},
		{Transform{Growth: 2, Loop: true}, "f: scale and growth ask for +Inf copies of it; at most 10000 are possible"},
	} {
		err := tt.change.Check()
		if err == nil {
			tr := transformed[Row]{Transform: tt.change, file: "f", until: clock.Never, most: MaxScale, at: func(r *Row) clock.Time { return r.At },
				open: func() (rows[Row], error) { return &keptRows[Row]{rows: []Row{{At: 1}}}, nil }}
			var row Row
			for _, _, ok := tr.Next(&row); ok; _, _, ok = tr.Next(&row) {
			}
			err = tr.Err()
		}
		if err == nil || err.Error() != tt.want {
			t.Errorf("%+v: error %v, want %s", tt.change, err, tt.want)
		}
	}
}

// Whose the calls of a trace are.
func TestTenancies(t *testing.T) {
	kept := []Row{{At: 0, Length: Length{1, 1}, Tenant: 2}, {At: 1, Length: Length{2, 1}}, {At: 2, Length: Length{3, 1}, Tenant: 1}}
	for _, tt := range []struct {
		tenancy Tenancy
		scale   float64
		names   []string
		want    []string // by prompt
	}{
		{OneTenant, 1, []string{"web"}, []string{"web", "web", "web"}},
		{LogTenants, 1, []string{"web", "a", "b"}, []string{"b", "web", "a"}},
		{CopyTenants, 1.5, []string{"web", "web-2"}, nil},
	} {
		streams := []Stream{{Tenant: "web", Rows: kept, Logged: []string{"a", "b"},
			Arrivals: Arrivals{Process: Trace, Tenants: tt.tenancy, Transform: Transform{Scale: tt.scale}}}}
		names := Tenants(streams)
		if diff := gocmp.Diff(tt.names, names); diff != "" {
			t.Errorf("tenancy %d: %s", tt.tenancy, diff)
		}
		calls := take(t, open(t, streams[0], clock.Never), 100)
		slices.SortFunc(calls, func(a, b Arrival) int { return cmp.Compare(a.Prompt, b.Prompt) })
		for i, name := range tt.want {
			if got := names[calls[i].Tenant]; got != name {
				t.Errorf("tenancy %d: the call of prompt %d is of %s, want %s", tt.tenancy, calls[i].Prompt, got, name)
			}
		}
	}
}

// The index of dispersion is what theory says of each process. Of renewals it is CV² in windows
// of many gaps. Of an MMPP with rates a and b, mean stays 1/p and 1/q and r = p + q it is
//
//	1 + 2 (a-b)² p q / (r² m r) (1 - (1 - exp(-r w)) / (r w)),   m = (a q + b p) / r
//
// (Fischer and Meier-Hellstern, "The Markov-modulated Poisson process cookbook", 1993). Its
// estimate from n windows has a standard deviation of D sqrt(2/(n-1)), where counts are nearly
// normal.
func TestDispersion(t *testing.T) {
	const rate = 20.0
	p, q, w := 1/9.0, 1.0, 20.0
	r := p + q
	m := (5*q + 60*p) / r
	mmpp := 1 + 2*55*55*p*q/(r*r*m*r)*(1-(1-math.Exp(-r*w))/(r*w))
	for _, tt := range []struct {
		name string
		a    Arrivals
		rate float64
		want float64
		off  float64 // how far the limit of long windows is from that of 20 s
	}{
		{"poisson", Arrivals{Process: Poisson, Rate: rate}, rate, 1, 0},
		{"gamma", Arrivals{Process: GammaRenewal, Rate: rate, CV: 2}, rate, 4, 0.05},
		{"gamma below 1", Arrivals{Process: GammaRenewal, Rate: rate, CV: 0.5}, rate, 0.25, 0.05},
		{"weibull", Arrivals{Process: Weibull, Rate: rate, CV: 1.5}, rate, 2.25, 0.05},
		{"constant", Arrivals{Process: ConstantRate, Rate: rate}, rate, 0, 0},
		{"mmpp", Arrivals{Process: MMPP, Rate: 5, BurstRate: 60, Calm: 9 * time.Second, Burst: time.Second}, m, mmpp, 0},
	} {
		const until, window = 20_000 * clock.Second, 20 * clock.Second
		d, mean := dispersion(inWindows(drawn(t, tt.a, until), window, until))
		n := float64(until / window)
		if within := 5*tt.want*math.Sqrt(2/(n-1)) + tt.off*tt.want; math.Abs(d-tt.want) > within+1e-3 {
			t.Errorf("%s: dispersion %v, want %v +- %v", tt.name, d, tt.want, within)
		}
		want := tt.rate * window.Seconds()
		if within := 5 * math.Sqrt(max(0.05, tt.want)*want/n); math.Abs(mean-want) > within {
			t.Errorf("%s: %v calls a window, want %v +- %v", tt.name, mean, want, within)
		}
	}
}
