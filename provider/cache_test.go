package provider

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// oneUse is one use of a prefix: reading and writing alike begin its life anew.
type oneUse struct {
	at     clock.Time
	prefix uint64 // 0 = the system prompt
	system uint16
	tokens uint32
}

// cacheTwin remembers every use for ever, and looks through all of them each time.
type cacheTwin struct {
	Cache
	uses []oneUse
}

// alive returns the longest prefix that has been written and used again and again since,
// each time within its time to live.
func (c *cacheTwin) alive(now clock.Time, prefix uint64, system uint16) uint32 {
	tokens, until := uint32(0), clock.Time(-1)
	for _, u := range c.uses {
		if u.prefix != prefix || prefix == 0 && u.system != system {
			continue
		}
		if u.at >= until {
			tokens = 0 // it had been forgotten
		}
		tokens, until = max(tokens, u.tokens), u.at.Add(c.TTL)
	}
	if now >= until {
		return 0
	}
	return tokens
}

func (c *cacheTwin) kept(tokens uint32) uint32 {
	step := max(1, c.Step)
	if n := tokens / step * step; n >= c.Least {
		return n
	}
	return 0
}

func (c *cacheTwin) read(now clock.Time, a *wire.Attempt) uint32 {
	system := min(c.alive(now, 0, a.SystemID), c.kept(a.System))
	return max(system, min(c.alive(now, a.Prefix, 0), c.kept(a.Prompt)))
}

// use notes what is read at now (tokens 0, and only what is alive), or written.
func (c *cacheTwin) use(now clock.Time, a *wire.Attempt, write bool) {
	for _, u := range []oneUse{{now, 0, a.SystemID, a.System}, {now, a.Prefix, 0, a.Prompt}} {
		if u.prefix == 0 && a.System == 0 {
			continue
		}
		if u.tokens = c.kept(u.tokens); !write {
			u.tokens = 0
			if c.alive(now, u.prefix, u.system) == 0 {
				continue
			}
		}
		if !write || u.tokens > 0 {
			c.uses = append(c.uses, u)
		}
	}
}

// twins is a model and the twin of its cache, with the attempts that both have admitted.
type twins struct {
	m    *Model
	twin cacheTwin
	open []flown
}

type flown struct {
	attempt wire.Attempt
	ends    clock.Time
}

// finish ends what is over by a time, in the order of the ends.
func (w *twins) finish(until clock.Time) {
	for {
		first := -1
		for i := range w.open {
			if w.open[i].ends <= until && (first < 0 || w.open[i].ends < w.open[first].ends) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		f := w.open[first]
		w.open = append(w.open[:first], w.open[first+1:]...)
		w.m.Finish(f.ends, &f.attempt, false)
		if !f.attempt.Failed && f.attempt.Prefix != 0 {
			w.twin.use(f.ends, &f.attempt, true)
		}
	}
}

// arrive lets an attempt reach the model, and says what is wrong with what it finds.
func (w *twins) arrive(now clock.Time, a *wire.Attempt) (ok bool, wrong string) {
	w.finish(now)
	before := w.m.Tally
	var r wire.Reply
	took := w.m.Arrive(now, a, &r)
	if a.Admitted {
		w.open = append(w.open, flown{*a, now.Add(took)})
	}
	if a.Prefix == 0 {
		return r.OK(), ""
	}
	want := w.twin.read(now, a)
	if a.Cached != want {
		return r.OK(), fmt.Sprintf("finds %d tokens, want %d of %+v", a.Cached, want, w.twin.uses)
	}
	read, written := w.m.Tally.Billed[0].Cached-before.Billed[0].Cached, w.m.Tally.Billed[0].Written-before.Billed[0].Written
	if !r.OK() {
		if read != 0 || written != 0 || r.Cached != 0 {
			return false, fmt.Sprintf("is answered %d, and reads %d and writes %d tokens", r.Status, read, written)
		}
		return false, ""
	}
	if n := max(0, int64(w.twin.kept(a.Prompt))-int64(want)); read != int64(want) || written != n || r.Cached != want {
		return true, fmt.Sprintf("reads %d and writes %d tokens, want %d and %d", read, written, want, n)
	}
	w.twin.use(now, a, false)
	return true, ""
}

// TestCacheAgainstTwin holds a model with a cache against the twin, over attempts that
// succeed, fail and are refused.
func TestCacheAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Name: "main", RPM: rapid.Int64Range(1, 40).Draw(t, "rpm"), Window: TokenBucket,
			Latency: Latency{PerToken: time.Second},
			Cache:   Cache{TTL: time.Duration(rapid.IntRange(1, 120).Draw(t, "ttl")) * time.Second, Least: rapid.Uint32Range(0, 60).Draw(t, "least"), Step: rapid.Uint32Range(0, 12).Draw(t, "step")},
			Faults:  []Fault{{Kind: Errors, Status: 500, Rate: 0.2, Until: clock.Never}}}
		m := New(&cfg, rng.New(rapid.Uint64().Draw(t, "seed"), 0), nil)
		w := twins{m: m, twin: cacheTwin{Cache: cfg.Cache}}
		now, sent := clock.Time(0), int64(0)
		for call := range uint64(rapid.IntRange(1, 60).Draw(t, "calls")) {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "gap")) * time.Second)
			a := wire.Attempt{Call: call, Prefix: rapid.Uint64Range(0, 4).Draw(t, "prefix"), Prompt: rapid.Uint32Range(20, 200).Draw(t, "prompt"), Output: rapid.Uint32Range(1, 30).Draw(t, "output")}
			a.System, a.SystemID, a.Guess = rapid.Uint32Range(0, a.Prompt).Draw(t, "system"), uint16(rapid.IntRange(0, 2).Draw(t, "system id")), a.Prompt
			ok, wrong := w.arrive(now, &a)
			if wrong != "" {
				t.Fatalf("at %v call %d %s", now, call, wrong)
			}
			if ok {
				sent += int64(a.Prompt)
			}
			if n := len(m.cache.entries); n > 1+4+3 {
				t.Fatalf("%d entries for 4 conversations and 3 system prompts", n-1)
			}
		}
		if b := m.Tally.Billed.Total(); b.Prompt != sent || b.Cached+b.Written > sent {
			t.Fatalf("of %d tokens sent %d are billed, %d as read and %d as written", sent, b.Prompt, b.Cached, b.Written)
		}
		w.finish(clock.Never)
		m.cache.expire(clock.Never)
		if len(m.cache.of) > 0 || len(m.cache.ofSystem) > 0 || m.cache.oldest != nobody || m.cache.newest != nobody {
			t.Fatalf("at the end of time it still holds %+v", m.cache)
		}
	})
}

// TestCacheMemoryIsThatOfLiveEntries writes a million prefixes of which ten are alive at a
// time.
func TestCacheMemoryIsThatOfLiveEntries(t *testing.T) {
	c := newCache(&Cache{TTL: 10 * time.Second})
	for i := range uint64(1_000_000) {
		c.write(clock.Time(i)*clock.Second, &wire.Attempt{Prefix: i + 1, Prompt: 2000})
	}
	if len(c.entries) > 12 || len(c.of) > 10 {
		t.Errorf("%d entries, %d of them alive", len(c.entries), len(c.of))
	}
}

// TestLifeIsRefreshed follows one prefix of 2,000 tokens with a life of 300 s, whose answers
// take 10 s.
func TestLifeIsRefreshed(t *testing.T) {
	cfg := Config{Name: "main", Latency: Latency{PerToken: time.Second}, Cache: Cache{TTL: 300 * time.Second, Least: 1024}}
	m := New(&cfg, rng.New(1, 0), nil)
	for i, step := range []struct {
		at   float64 // seconds
		want uint32
	}{
		{0, 0},         // written at 10 s
		{309.9, 2000},  // written again at 319.9 s: until 619.9 s
		{619.8, 2000},  // until 929.8 s
		{929.8, 0},     // forgotten; written at 939.8 s
		{1239.7, 2000}, // in time again
	} {
		a := wire.Attempt{Call: uint64(i), Prefix: 7, Prompt: 2000, Guess: 2000, Output: 10}
		var r wire.Reply
		now := clock.FromSeconds(step.at)
		if took := m.Arrive(now, &a, &r); took != 10*time.Second || a.Cached != step.want {
			t.Errorf("at %v s: %d tokens, want %d; %v", step.at, a.Cached, step.want, took)
		}
		m.Finish(now.Add(10*time.Second), &a, false)
	}
}

// TestOneTimeReadsNothingOfEachOther: two prompts that begin alike and are under way at one
// time both write. A client that hung up has written too.
func TestOneTimeReadsNothingOfEachOther(t *testing.T) {
	cfg := Config{Name: "main", Latency: Latency{PerToken: time.Second}, Cache: Cache{TTL: 300 * time.Second, Least: 1024}}
	m := New(&cfg, rng.New(1, 0), nil)
	one := wire.Attempt{Call: 1, Prefix: 7, Prompt: 2000, System: 1500, Output: 10}
	two := wire.Attempt{Call: 2, Prefix: 8, Prompt: 2500, System: 1500, Output: 10}
	var r wire.Reply
	m.Arrive(0, &one, &r)
	m.Arrive(9*clock.Second, &two, &r)
	if m.Tally.Billed[0].Cached != 0 || m.Tally.Billed[0].Written != 2000+2500 {
		t.Errorf("%+v, want 4500 tokens written and none read", m.Tally)
	}
	m.Finish(10*clock.Second, &one, true)
	three := two
	if m.Arrive(11*clock.Second, &three, &r); three.Cached != 1500 {
		t.Errorf("another conversation reads %d tokens, want the system prompt of 1500", three.Cached)
	}
}

func TestExpectReadsAndKeepsNothing(t *testing.T) {
	cfg := Config{Name: "main", Cache: Cache{TTL: 300 * time.Second}}
	m := New(&cfg, rng.New(1, 0), nil)
	a := wire.Attempt{Prefix: 7, Prompt: 2000, Output: 1}
	m.cache.write(0, &a)
	for _, at := range []float64{299, 200, 300, 10} {
		b := a
		m.Expect(clock.FromSeconds(at), &b)
		if want := at < 300; (b.Cached == 2000) != want {
			t.Errorf("at %v s it expects %d tokens", at, b.Cached)
		}
	}
	plain := wire.Attempt{Prompt: 2000, Cached: 500}
	if m.Expect(0, &plain); plain.Cached != 500 {
		t.Errorf("a plain prompt has %d cached tokens, want the 500 that the workload says", plain.Cached)
	}
}

// TestWritesWeigh: where a token that is written counts 1.25 and one that is read 0.1, as on
// provisioned deployments of GPT-6, 1,000 written ones count 1,250 and 1,000 read ones 100.
func TestWritesWeigh(t *testing.T) {
	cfg := Config{Name: "main", TPM: 1e6, Charge: Charge{Settle: true, CacheDiscount: 0.9, CacheWrite: 1.25}, Cache: Cache{TTL: time.Minute, Step: 100}}
	m := New(&cfg, rng.New(1, 0), nil)
	for i, want := range []int64{1250 + 50, 1250 + 50 + 100 + 50} {
		a := wire.Attempt{Call: uint64(i), Prefix: 7, Prompt: 1050, Guess: 1050}
		var r wire.Reply
		m.Arrive(0, &a, &r)
		m.Finish(0, &a, false)
		if got := m.Tally.Charged(); got != want {
			t.Errorf("after %d attempts %d tokens are charged, want %d", i+1, got, want)
		}
	}
	price := Price{Input: 10, Cached: 1, Written: 12.5}
	if got, want := price.Total(&m.Tally.Billed), (100*10+1000*1+1000*12.5)/1e6; math.Abs(got-want) > 1e-12 {
		t.Errorf("it costs %v USD, want %v", got, want)
	}
}
