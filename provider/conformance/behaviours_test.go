package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"ratesim/provider/calls"
	"ratesim/provider/wire"
)

// each is what a client does with calls number 0 to n-1.
func each(n int, call func(i int) []attempt) []attempt {
	var list []attempt
	for i := range n {
		list = append(list, call(i)...)
	}
	return list
}

// tries are attempts of a call at these seconds, the last of which succeeds.
func tries(id func(retry int) calls.ID, refusal wire.Reply, wait float64, seconds ...float64) []attempt {
	var list []attempt
	for i, s := range seconds {
		list = append(list, attempt{second: s, id: id(i), reply: refusal, wait: wait})
	}
	list[len(list)-1].reply, list[len(list)-1].wait = ok, 0
	return list
}

// fails are attempts of a call of which none succeeds.
func fails(id func(retry int) calls.ID, refusal wire.Reply, seconds ...float64) []attempt {
	list := tries(id, refusal, 0, seconds...)
	list[len(list)-1].reply = refusal
	return list
}

func byName(call int) func(int) calls.ID  { return func(int) calls.ID { return named(call) } }
func byCount(call int) func(int) calls.ID { return func(n int) calls.ID { return counted(call, n) } }
func byBody(call int) func(int) calls.ID  { return func(int) calls.ID { return bodied(call) } }

// burst is calls at once that limits refuse but for a few, and that come back one by one.
func burst(n, admitted int, back func(i int) float64) []attempt {
	return each(n, func(i int) []attempt {
		if i < admitted {
			return []attempt{{second: 0.001 * float64(i), id: named(i), reply: nearly(int64(admitted - i - 1))}}
		}
		return tries(byName(i), empty(time.Minute), 20, 0.001*float64(i), back(i))
	})
}

// behaviour is a client, what it does, and its cells: what is not listed is untested.
type behaviour struct {
	name     string
	attempts []attempt
	want     map[string]Level
}

func neverRefused() []behaviour {
	return []behaviour{
		{"nothing at all", nil, nil},
		{"never refused", each(40, func(i int) []attempt { return tries(byName(i), ok, 0, float64(i)) }), nil},
		{"never refused, with the same body each time", each(40, func(i int) []attempt { return tries(byBody(1), ok, 0, float64(i)) }), nil},
	}
}

func askedToWait() []behaviour {
	r := rand.New(rand.NewPCG(1, 2))
	return []behaviour{
		{"waits as asked, by name", each(3, func(i int) []attempt { return tries(byName(i), busy, 2, 10*float64(i), 10*float64(i)+2.03) }),
			map[string]Level{"retry-after": Pass, "headroom": Warn}},
		{"waits as asked, by count", each(3, func(i int) []attempt { return tries(byCount(i), down, 2, 10*float64(i), 10*float64(i)+2.03) }), map[string]Level{"retry-after": Pass}},
		{"waits as asked, by body", each(3, func(i int) []attempt { return tries(byBody(i), down, 2, 10*float64(i), 10*float64(i)+2.03) }), map[string]Level{"retry-after": Pass}},
		{"a timer that fires a little early", tries(byName(1), down, 2, 0, 1.995), map[string]Level{"retry-after": Pass}},
		{"waits ten times as it is asked to", tries(byName(1), down, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), map[string]Level{"retry-after": Pass}},
		{"comes back at once, by name", tries(byName(1), down, 2, 0, 0.5), map[string]Level{"retry-after": Fail}},
		{"comes back at once, by count", tries(byCount(1), down, 2, 0, 0.5), map[string]Level{"retry-after": Fail}},
		{"comes back at once, by body and connection", tries(byBody(1), down, 2, 0, 0.5), map[string]Level{"retry-after": Fail}},
		{"comes back at once on another connection", []attempt{{id: bodied(1), reply: down, wait: 2}, {second: 0.5, id: on("b", bodied(1)), reply: ok}}, map[string]Level{"retry-after": CannotTell}},
		{"1 early of 20", each(20, func(i int) []attempt { return tries(byName(i), down, 2, 10*float64(i), 10*float64(i)+2-float64(i/19)) }), map[string]Level{"retry-after": Warn}},
		{"a slow answer asks to wait", []attempt{{id: named(1), reply: down, takes: 5, wait: 2}, {second: 7, id: named(1), reply: ok}}, map[string]Level{"retry-after": Pass}},
		{"gives up where it is asked to wait", []attempt{{id: named(1), reply: down, wait: 2}}, nil},
		{"is not asked to wait", tries(byName(1), down, 0, 0, 0.1), nil},
		{"calls with the same body wait at once, by count", each(40, func(i int) []attempt { return tries(byCount(1), down, 2, float64(i)/100, float64(i)/100+2+r.Float64()) }),
			map[string]Level{"retry-after": Pass}},
		{"2 of 51 with the same body come early, by count", each(51, func(i int) []attempt {
			if i < 2 {
				return tries(byCount(1), down, 20, 0.01*float64(i), 0.5)
			}
			return tries(byCount(1), down, 20, 0.01*float64(i), 20+r.Float64())
		}), map[string]Level{"retry-after": Warn}},
		{"all of 40 with the same body come early, by count", each(40, func(i int) []attempt { return tries(byCount(1), down, 20, float64(i)/100, 1+r.Float64()) }), map[string]Level{"retry-after": Fail}},
		{"half the wait, with the same body in a long run, by count", each(300, func(i int) []attempt { return tries(byCount(1), down, 20, float64(i), float64(i)+10.5) }), map[string]Level{"retry-after": Fail}},
		{"1 of 200 with the same body comes early, by count", each(200, func(i int) []attempt {
			if i == 199 {
				return tries(byCount(1), down, 20, 10, 11)
			}
			return tries(byCount(1), down, 20, float64(i)/50, 20+float64(i)/50)
		}), map[string]Level{"retry-after": CannotTell}},
		{"calls with the same body at once, known by body alone", each(40, func(i int) []attempt {
			list := tries(byBody(1), down, 2, float64(i)/100, float64(i)/100+2.01)
			list[0].takes = 0.05
			return list
		}), map[string]Level{"retry-after": CannotTell, "amplification": CannotTell}},
		{"a body again after it has succeeded", slices.Concat(tries(byBody(1), ok, 0, 0), tries(byBody(1), down, 2, 1, 1.5)), map[string]Level{"retry-after": CannotTell}},
		{"calls with the same body one by one that are never early", each(5, func(i int) []attempt { return tries(byBody(1), down, 2, 10*float64(i), 10*float64(i)+2) }), map[string]Level{"retry-after": Pass}},
		{"three attempts, and the same body as another call", slices.Concat(fails(byBody(1), down, 0, 2, 4), fails(byBody(1), down, 4.1, 6, 8)), map[string]Level{"amplification": CannotTell}},
	}
}

func incurable() []behaviour {
	return []behaviour{
		{"gives up on no credit", each(2, func(i int) []attempt { return fails(byName(i), broke, float64(i)) }), map[string]Level{"hopeless": Pass}},
		{"gives up on no credit, by body", each(2, func(i int) []attempt { return fails(byBody(i), broke, float64(i)) }), map[string]Level{"hopeless": Pass}},
		{"insists on no credit, by name", fails(byName(1), broke, 0, 1), map[string]Level{"hopeless": Fail}},
		{"insists on no credit, by count", fails(byCount(1), broke, 0, 1, 2), map[string]Level{"hopeless": Fail}},
		{"the same body after a bad request", fails(byBody(1), aFault, 0, 1, 2), map[string]Level{"hopeless": CannotTell}},
		{"insists on a bad request", fails(byName(1), aFault, 0, 1), map[string]Level{"hopeless": Fail}},
		{"insists on what is too large", fails(byName(1), status(429, wire.Oversize), 0, 9), map[string]Level{"hopeless": Fail}},
		{"the same after ten minutes", fails(byName(1), broke, 0, 601), map[string]Level{"hopeless": Pass}},
	}
}

func failing() []behaviour {
	return []behaviour{
		{"three attempts for each", each(30, func(i int) []attempt { return fails(byCount(i), down, 3*float64(i), 3*float64(i)+1, 3*float64(i)+2) }), map[string]Level{"amplification": Pass}},
		{"three attempts for each, by body", each(3, func(i int) []attempt { return fails(byBody(i), down, float64(i), 1+float64(i), 2+float64(i)) }), map[string]Level{"amplification": Pass}},
		{"two attempts, and success", tries(byName(1), down, 0, 0, 1), nil},
		{"five attempts for each", each(3, func(i int) []attempt { return fails(byCount(i), down, 0, 1, 2, 3, 4) }), map[string]Level{"amplification": Fail}},
		{"four attempts of one call of 20", each(20, func(i int) []attempt { return fails(byName(i), down, []float64{0, 1, 2, 3}[:3+i/19]...) }), map[string]Level{"amplification": Warn}},
		{"comes back early four times", tries(byName(1), down, 10, 0, 1, 2, 3), map[string]Level{"retry-after": Fail, "amplification": Fail}},
	}
}

func withNothingLeft() []behaviour {
	return []behaviour{
		{"goes on though nothing is left", slices.Concat(each(10, func(i int) []attempt { return tries(byName(i), ok, 0, 100+float64(i)) }),
			each(6, func(i int) []attempt { return fails(byName(100+i), empty(20*time.Second), float64(i)) })), map[string]Level{"exhausted": Fail, "headroom": Warn}},
		{"could not know yet", each(4, func(i int) []attempt { return fails(byName(i), empty(20*time.Second), 0.08*float64(i)) }), map[string]Level{"headroom": Warn}},
		{"waits for the reset", slices.Concat(fails(byName(1), empty(2*time.Second), 0), tries(byName(2), ok, 0, 2), tries(byName(3), ok, 0, 4)), map[string]Level{"exhausted": Pass, "headroom": Warn}},
		{"is let in before the reset", slices.Concat(fails(byName(1), empty(20*time.Second), 0), tries(byName(2), ok, 0, 1)), map[string]Level{"exhausted": Pass, "headroom": Warn}},
		{"comes back when it was asked to, before the reset", slices.Concat([]attempt{{id: named(1), reply: empty(time.Minute), wait: 5}}, fails(byName(2), empty(time.Minute), 5)), map[string]Level{"exhausted": Pass, "headroom": Warn}},
	}
}

func nearLimits() []behaviour {
	return []behaviour{
		{"32 of 36 are refused", burst(36, 4, func(i int) float64 { return 20 + float64(i) }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn}},
		{"slows down when little is left", each(100, func(i int) []attempt {
			return []attempt{{second: float64(i), id: named(i), reply: nearly(max(1, 50-int64(i)))}}
		}), map[string]Level{"headroom": Pass}},
		{"1 of 100 is refused", each(100, func(i int) []attempt {
			return append([]attempt{{second: float64(i), id: named(i), reply: ok}}, map[int][]attempt{7: {{second: 7.5, id: named(700), reply: busy}}}[i]...)
		}), map[string]Level{"headroom": Pass}},
		{"a script refuses", []attempt{{id: named(1), reply: busy, wait: 1, scripted: true}, {second: 1, id: named(1), reply: ok}}, map[string]Level{"retry-after": Pass}},
	}
}

func together() []behaviour {
	r := rand.New(rand.NewPCG(1, 2))
	return []behaviour{
		{"all retries at once", burst(36, 4, func(int) float64 { return 25 }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn, "lockstep": Fail}},
		{"half a second of jitter", burst(150, 4, func(int) float64 { return 25 + 0.4*r.Float64() }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn, "lockstep": Warn}},
		{"a second of jitter", burst(200, 4, func(int) float64 { return 25 + r.Float64() }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn, "lockstep": Pass}},
		{"retries at once that may be none", each(30, func(i int) []attempt {
			return []attempt{{second: 0, id: on(fmt.Sprint(i), bodied(i)), reply: status(429, wire.Capacity)}, {second: 2, id: on("z", bodied(i)), reply: ok}}
		}), map[string]Level{"lockstep": CannotTell}},
		{"retries at once after errors", each(100, func(i int) []attempt { return tries(byName(i), status(500, 0), 0, 0, 2) }), nil},
	}
}
