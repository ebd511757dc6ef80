package page

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

const (
	units = 10_000 // of a path along an axis without steps
	far   = 1e6    // lengths of an axis beyond it: as good as infinitely far
	never = 0.09   // share of an axis that stands for what is never reached
)

// at returns the place of v along an axis, from 0 to 1, and whether it has one. What
// lies beyond an end is placed at that end.
func at(a *chart.Axis, v float64) (float64, bool) {
	f, ok := beyond(a, v)
	return min(max(f, 0), 1), ok
}

// beyond is as at, but what lies beyond an end is placed there.
func beyond(a *chart.Axis, v float64) (float64, bool) {
	lo, hi := a.Lo, a.Hi
	if a.Log {
		v, lo, hi = math.Log(math.Max(v, math.SmallestNonzeroFloat64)), math.Log(lo), math.Log(hi)
	}
	if math.IsNaN(v) || !words.Finite(lo, hi) || hi <= lo {
		return 0, false
	}
	f := min(max((v-lo)/(hi-lo), -far), far)
	if a.Never {
		f *= 1 - never
	}
	return f, true
}

// atNever is the place of what is never reached.
const atNever = 1 - never/2

// percent writes a share of a length, as SVG takes it.
func percent(f float64) string {
	return strconv.FormatFloat(math.Round(f*1e4)/1e2, 'f', -1, 64) + "%"
}

// scaleOf is how the values of an axis are written.
func scaleOf(a *chart.Axis) func(float64) words.Scale {
	if a.Scale == nil {
		return words.Quantity
	}
	return a.Scale
}

// A tick is a value written beside an axis.
type tick struct {
	At    string // from the left
	Below string // from the top
	Text  string
	Wide  bool // it has no room on a phone
	place float64
}

// ticksOf returns the ticks of an axis that is at least room pixels long, and says
// which have no room if it is narrow pixels long.
func ticksOf(a *chart.Axis, room, narrow float64) []tick {
	var out []tick
	end, narrowEnd := math.Inf(-1), math.Inf(-1)
	for _, v := range a.Ticks {
		f, ok := at(a, v)
		if !ok {
			continue
		}
		t := tick{At: percent(f), Below: percent(1 - f), place: f, Text: tickText(scaleOf(a), v)}
		half := textWidth(t.Text)/2 + 3
		if f*room-half < end {
			continue
		}
		end = f*room + half
		if t.Wide = f*narrow-half < narrowEnd; !t.Wide {
			narrowEnd = f*narrow + half
		}
		out = append(out, t)
	}
	return out
}

// textWidth is about how wide a label of 12 pixels is.
func textWidth(s string) float64 { return 6.6 * float64(len([]rune(s))) }

// tickText writes a value without decimals that say nothing.
func tickText(of func(float64) words.Scale, v float64) string {
	if v == 0 {
		return "0"
	}
	s := of(math.Abs(v))
	text := s.Text(v)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + s.Unit
}

// scaled is an axis as the script needs it, to write the value at a place.
type scaled struct {
	Lo     float64  `json:"lo"`
	Hi     float64  `json:"hi"`
	Log    bool     `json:"log,omitempty"`
	Units  float64  `json:"n"`
	Scales [][4]any `json:"s"`
}

// script describes axes for the script.
func script(x, y *chart.Axis, xUnits, yUnits float64) string {
	of := func(a *chart.Axis, n float64) *scaled {
		if !words.Finite(a.Lo, a.Hi) {
			return nil
		}
		hi := a.Hi
		switch { // the script sees the whole width
		case a.Never && a.Log:
			hi = a.Lo * math.Pow(a.Hi/a.Lo, 1/(1-never))
		case a.Never:
			hi = a.Lo + (a.Hi-a.Lo)/(1-never)
		}
		return &scaled{a.Lo, hi, a.Log, n, scales(scaleOf(a), math.Max(math.Abs(a.Lo), math.Abs(a.Hi)))}
	}
	text, err := json.Marshal(map[string]*scaled{"x": of(x, xUnits), "y": of(y, yUnits)})
	if err != nil {
		return "{}" // only numbers that are not finite could do that
	}
	return string(text)
}

// scales lists how values up to largest are written, smallest first: up to which
// value, the divisor, the decimals, the unit. It asks of for values a little apart
// and narrows down where the answer changes.
func scales(of func(float64) words.Scale, largest float64) [][4]any {
	const smallest, step = 1e-6, 1.0717734625362931 // a decade in a third of 100 steps
	var out [][4]any
	last, from := of(smallest), smallest
	add := func(upTo float64, s words.Scale) {
		out = append(out, [4]any{words.Round6(upTo), s.Div, s.Decimals, s.Unit})
	}
	for v := smallest; v < 2*largest && v < 1e15; v *= step {
		if s := of(v); s != last {
			lo, hi := from, v
			for range 40 {
				if mid := (lo + hi) / 2; of(mid) == last {
					lo = mid
				} else {
					hi = mid
				}
			}
			add(lo, last)
			last = s
		}
		from = v
	}
	add(1e300, last)
	return out
}

// spread moves places apart until neighbours are gap apart, within 0 and end where
// there is room. It returns the new places in the order of the old ones.
func spread(places []float64, gap, end float64) []float64 {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case places[a] < places[b]:
			return -1
		case places[a] > places[b]:
			return 1
		}
		return 0
	})
	out := slices.Clone(places)
	for k := 1; k < len(order); k++ {
		out[order[k]] = math.Max(out[order[k]], out[order[k-1]]+gap)
	}
	limit := end
	for _, i := range slices.Backward(order) {
		out[i] = math.Min(out[i], limit)
		limit = out[i] - gap
	}
	return out
}
