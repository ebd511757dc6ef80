package capacity

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"ratesim/sim/rng"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) // a Monday

func meter(w Weights) *Meter { return NewMeter(w, true, rng.New(1, 0)) }

func TestMeter(t *testing.T) {
	m := meter(Weights{Discount: 1, Ratio: 4})
	for _, r := range []struct {
		at, width time.Duration
		used      Tokens
	}{
		{10 * time.Second, 0, Tokens{1, 1000, 400, 100}},
		{69 * time.Second, 0, Tokens{1, 500, 0, 50}}, // within 60 s of the first
		{70 * time.Second, 0, Tokens{1, 2000, 0, 0}}, // no longer
		{4 * time.Minute, 0, Tokens{1, 10, 0, 10}},
		{7 * time.Minute, 0, Tokens{1, 10, 0, 10}}, // a second gap of two minutes
	} {
		if err := m.Add(noon.Add(r.at), r.width, r.used); err != nil {
			t.Fatal(err)
		}
	}
	d := m.Demand(0)
	want := &Demand{Start: noon, Dated: true, Rolling: 2550, Normalised: 2700, Empty: 4, Gap: Gap{noon.Add(2 * time.Minute), 2},
		Minutes: []Tokens{{1, 1000, 400, 100}, {2, 2500, 0, 50}, {}, {}, {1, 10, 0, 10}, {}, {}, {1, 10, 0, 10}}}
	if diff := cmp.Diff(want, d, cmpopts.IgnoreFields(Demand{}, "Sizes")); diff != "" {
		t.Error(diff)
	}
	if len(d.Sizes) != 5 {
		t.Errorf("%d sizes", len(d.Sizes))
	}
}

func TestMeterErrors(t *testing.T) {
	for _, k := range []struct {
		at, width time.Duration
		want      string
	}{
		{-time.Minute, time.Minute, "before the log's first row"},
		{20 * time.Second, 0, "before the row above it"},
		{40_000 * time.Hour, 0, "more than 1098 days after"},
	} {
		m := meter(Weights{})
		if err := m.Add(noon.Add(30*time.Second), 0, Tokens{Prompt: 1}); err != nil {
			t.Fatal(err)
		}
		if err := m.Add(noon.Add(k.at), k.width, Tokens{Prompt: 1}); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%v: %v", k.at, err)
		}
	}
}

// The sample of sizes is an even one: of sizes 1 to N its mean is N/2, within
// four standard errors, N/sqrt(12 x 4096).
func TestSample(t *testing.T) {
	const n = 20 * maxSizes
	m := meter(Weights{})
	for i := range n {
		if err := m.Add(noon, 0, Tokens{Prompt: float64(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	sum := 0.0
	for _, s := range m.Demand(0).Sizes {
		sum += s.Prompt / maxSizes
	}
	if off := math.Abs(sum-n/2) / (n / math.Sqrt(12*maxSizes)); off > 4 {
		t.Errorf("mean %.0f of %d sizes up to %d: %.1f standard errors off", sum, maxSizes, n, off)
	}
}

// The most tokens in any 60 s, by its definition.
func TestRolling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var at []time.Duration
		var used []float64
		now := time.Duration(0)
		m := meter(Weights{Ratio: 1})
		for range rapid.IntRange(1, 300).Draw(t, "rows") {
			now += time.Duration(rapid.IntRange(0, 30_000).Draw(t, "gap")) * time.Millisecond
			v := float64(rapid.IntRange(1, 1000).Draw(t, "tokens"))
			at, used = append(at, now), append(used, v)
			if err := m.Add(noon.Add(now), 0, Tokens{Prompt: v}); err != nil {
				t.Fatal(err)
			}
		}
		most := 0.0
		for i := range at {
			sum := 0.0
			for j := 0; j <= i; j++ {
				if at[i] < at[j]+time.Minute {
					sum += used[j]
				}
			}
			most = max(most, sum)
		}
		if d := m.Demand(0); d.Rolling != most || d.Normalised != most {
			t.Fatalf("%v and %v, want %v", d.Rolling, d.Normalised, most)
		}
	})
}

// Hours are spread without adding or losing a token, and as unevenly as asked.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := time.Duration(rapid.IntRange(61, 7200).Draw(t, "s")) * time.Second
		offset := time.Duration(rapid.IntRange(0, 59).Draw(t, "offset")) * time.Second
		used := Tokens{Requests: 60, Prompt: float64(rapid.IntRange(1, 1e9).Draw(t, "prompt")), Output: 7}
		m := meter(Weights{})
		if err := m.Add(noon.Add(offset), width, used); err != nil {
			t.Fatal(err)
		}
		cv := rapid.Float64Range(0, 1.1).Draw(t, "cv")
		d := m.Demand(cv)
		got := d.Total()
		if math.Abs(got.Prompt-used.Prompt) > 1e-9*used.Prompt || math.Abs(got.Output-7) > 1e-9 {
			t.Fatalf("%+v of %+v", got, used)
		}
		if want := int((offset + width + time.Minute - 1) / time.Minute); len(d.Minutes) != want || d.Empty != 0 {
			t.Fatalf("%d minutes, %d empty, want %d", len(d.Minutes), d.Empty, want)
		}
	})
	m := meter(Weights{})
	if err := m.Add(noon.Add(30*time.Second), 2*time.Minute, Tokens{Prompt: 400}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Tokens{{Prompt: 100}, {Prompt: 200}, {Prompt: 100}}, m.Demand(0).Minutes); diff != "" {
		t.Errorf("two minutes from half past on: %s", diff)
	}
	calm, likely, bursty := Bursts()
	for _, cv := range []float64{0, calm, likely, bursty} {
		m := meter(Weights{})
		for h := range 2000 {
			if err := m.Add(noon.Add(time.Duration(h)*time.Hour), time.Hour, Tokens{Prompt: 60_000}); err != nil {
				t.Fatal(err)
			}
		}
		squares := 0.0
		d := m.Demand(cv)
		for _, minute := range d.Minutes {
			squares += math.Pow(minute.Prompt/1000-1, 2)
		}
		// Shares of 60 that sum to 1 vary a little less than their draws do:
		// cv² becomes cv² (1 - 1/60) / (1 + cv²/60), for a Dirichlet.
		want := cv * math.Sqrt((1-1.0/60)/(1+cv*cv/60))
		if got := math.Sqrt(squares / float64(len(d.Minutes))); math.Abs(got-want) > 0.01*want {
			t.Errorf("cv %.3f: %.4f, want %.4f", cv, got, want)
		}
	}
}

// Sums are the same whichever granularity a log comes in.
func TestGranularities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 200).Draw(t, "rows")
		requests, minutes, hours := meter(Weights{}), meter(Weights{}), meter(Weights{})
		perMinute, perHour := map[int]Tokens{}, map[int]Tokens{}
		at := time.Duration(0)
		for i := range rows {
			if i > 0 {
				at += time.Duration(rapid.IntRange(0, 200).Draw(t, "gap")) * time.Second
			}
			u := Tokens{1, float64(rapid.IntRange(0, 5000).Draw(t, "prompt")), 0, float64(rapid.IntRange(0, 500).Draw(t, "output"))}
			if err := requests.Add(noon.Add(at), 0, u); err != nil {
				t.Fatal(err)
			}
			i, h := int(at.Minutes()), int(at.Hours())
			a, b := perMinute[i], perHour[h]
			a.add(u)
			b.add(u)
			perMinute[i], perHour[h] = a, b
		}
		for i := range int(at.Minutes()) + 1 {
			if err := minutes.Add(noon.Add(time.Duration(i)*time.Minute), time.Minute, perMinute[i]); err != nil {
				t.Fatal(err)
			}
		}
		for h := range int(at.Hours()) + 1 {
			if err := hours.Add(noon.Add(time.Duration(h)*time.Hour), time.Hour, perHour[h]); err != nil {
				t.Fatal(err)
			}
		}
		near := cmpopts.EquateApprox(1e-9, 1e-6)
		a, b, c := requests.Demand(0.5), minutes.Demand(0.5), hours.Demand(0.5)
		if diff := cmp.Diff(a.Minutes, b.Minutes); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(a.Total(), c.Total(), near); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The figures that the data folder gives of the Azure traces: minutes from the
// first arrival, whole ones only, and the most in any 60 s.
func TestAzureTraces(t *testing.T) {
	for _, k := range []struct {
		file string
		want Levels
	}{
		{"AzureLLMInferenceTrace_code.csv", Levels{Mean: 313_944, P50: 221_154, P95: 899_432, P99: 1_227_529, Max: 1_344_551, RollingMax: 1_409_698}},
		{"AzureLLMInferenceTrace_conv.csv", Levels{Mean: 455_361, P50: 448_582, P95: 703_361, P99: 775_715, Max: 800_837, RollingMax: 830_960}},
	} {
		m := meter(Weights{})
		last := azure(t, k.file, m)
		d := m.Demand(0)
		var raw []float64
		for _, minute := range d.Minutes[:int(last.Minutes())] {
			raw = append(raw, minute.Raw())
		}
		got := levels(raw, d.Rolling)
		k.want.P90 = got.P90 // not given
		if diff := cmp.Diff(k.want, got, cmpopts.EquateApprox(0, 0.51)); diff != "" {
			t.Errorf("%s: %s", k.file, diff)
		}
	}
}

// azure reads a trace into a meter, its first row at noon, and returns the time
// of its last.
func azure(t *testing.T, file string, m *Meter) (last time.Duration) {
	f, err := os.Open(filepath.Join("../../../shared/data", file))
	if err != nil {
		t.Skip("without the whole traces: ", err)
	}
	defer f.Close()
	var begin time.Time
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		cells := strings.Split(strings.TrimSpace(lines.Text()), ",")
		at, err := time.Parse("2006-01-02 15:04:05.9999999", cells[0])
		if err != nil {
			continue // the header
		}
		if begin.IsZero() {
			begin = at
		}
		last = at.Sub(begin)
		if err := m.Add(noon.Add(last), 0, Tokens{1, number(cells[1]), 0, number(cells[2])}); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func number(s string) (v float64) {
	for _, c := range s {
		v = 10*v + float64(c-'0')
	}
	return v
}

// A row costs some tens of nanoseconds, so that a log of ten million takes less
// time to add up than to read.
func BenchmarkMeter(b *testing.B) {
	m := meter(Weights{Discount: 1, Ratio: 4})
	i := 0
	for b.Loop() {
		i++
		if err := m.Add(noon.Add(time.Duration(i)*20*time.Millisecond), 0, Tokens{1, 1000, 200, 100}); err != nil {
			b.Fatal(err)
		}
	}
}
