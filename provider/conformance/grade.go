package conformance

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Level is how good something is.
type Level uint8

// The levels. What is higher goes before what is lower where several come together.
const (
	Untested Level = iota // nothing exercised the rule
	Pass
	Warn
	CannotTell // what was seen can be right or wrong
	Fail
)

var levels = [...]string{"untested", "pass", "warn", "cannot tell", "fail"}

func (l Level) String() string { return levels[l] }

// MarshalText writes a level by its name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is what was found of one rule.
type Finding struct {
	Name     string    `json:"name"` // of the rule
	Level    Level     `json:"grade"`
	Bad      int64     `json:"count"`             // bad cases
	Of       int64     `json:"of"`                // of so many
	Unclear  int64     `json:"unclear,omitempty"` // cases of these of which nobody can tell
	Share    float64   `json:"share"`
	Low      float64   `json:"low"`  // the share is higher with a confidence of 95 %
	High     float64   `json:"high"` // the share is lower with the same, even if all that is unclear is bad
	Warn     float64   `json:"warn"` // share above which it is a warning
	Fail     float64   `json:"fail"` // share above which it is a failure; 0 = never
	Says     string    `json:"says"`
	Examples []Example `json:"examples,omitempty"`
}

// Grade is how one client behaved.
type Grade struct {
	Key      string    `json:"key"` // its middle left out, as it may be a real one
	Tenant   string    `json:"tenant,omitempty"`
	Level    Level     `json:"grade"` // the highest of the findings
	Attempts int64     `json:"attempts"`
	Calls    int64     `json:"calls"`
	Limited  int64     `json:"limited"` // refused by a limit
	Refused  int64     `json:"refused"` // for whatever reason
	Findings []Finding `json:"findings"`
}

// AllKeys is the key of the grade for all clients together.
const AllKeys = "all keys"

// Policy says what a run has to pass.
type Policy struct {
	FailOn        []Gate // rules that decide, and no others; empty = all rules do
	AllowUntested bool   // rules that nothing exercised, or of which nobody can tell, do not matter
}

// Gate is a rule that fails the run.
type Gate struct {
	Rule  string
	Share float64 // above which it does; below 0 = what the rule itself says
}

// Report is how all clients behaved.
type Report struct {
	Level Level     `json:"grade"` // of the run
	Rules []Verdict `json:"rules"`
	Keys  []Grade   `json:"keys"` // in order of the keys; the last is of all together
}

// Verdict is what one rule says of the run.
type Verdict struct {
	Name    string `json:"name"`
	Level   Level  `json:"grade"`   // the highest of all clients
	Decides bool   `json:"decides"` // it can fail the run
	Open    bool   `json:"open"`    // the run is not a pass because it was not exercised, or nobody can tell
	Says    string `json:"says,omitempty"`
}

// Mask leaves out the middle of a key that is long enough to be a secret.
func Mask(key string) string {
	key = strings.ToValidUTF8(key, "?")
	if r := []rune(key); len(r) > 12 {
		return string(r[:6]) + "…" + string(r[len(r)-4:])
	}
	return key
}

// interval returns Wilson's score interval of a share (Journal of the American Statistical
// Association 22, 1927), of which each end holds with a confidence of 95 %.
func interval(bad, of int64) (low, high float64) {
	if of == 0 {
		return 0, 1
	}
	const z = 1.645
	n, p := float64(of), float64(bad)/float64(of)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, middle-half), min(1, middle+half)
}

// level judges cases as if all that are unclear were good. With a share of its own, a gate
// fails whatever is above it.
func (r *Rule) level(n cases, gate *Gate) Level {
	of := n.of + n.unclear
	if of < max(1, r.Least) {
		return Untested
	}
	share := float64(n.bad) / float64(of)
	low, _ := interval(n.bad, of)
	switch {
	case gate != nil && gate.Share >= 0:
		if share > gate.Share {
			return Fail
		}
	case r.Fail > 0 && low > r.Fail, gate != nil && r.Fail == 0 && share > r.Warn:
		return Fail
	case share > r.Warn:
		return Warn
	}
	return Pass
}

// judge judges cases. What it finds holds if all that are unclear are good, and nobody can
// tell where it would not be a pass any more if they were bad.
func (r *Rule) judge(n cases, gate *Gate, examples []Example) Finding {
	f := Finding{Name: r.Name, Level: r.level(n, gate), Bad: n.bad, Of: n.of + n.unclear, Unclear: n.unclear, Warn: r.Warn, Fail: r.Fail, Says: r.good, Examples: examples}
	if f.Of > 0 {
		f.Share = float64(f.Bad) / float64(f.Of)
	}
	if gate != nil && gate.Share >= 0 {
		f.Warn, f.Fail = gate.Share, gate.Share
	}
	f.Low, _ = interval(f.Bad, f.Of)
	_, f.High = interval(f.Bad+f.Unclear, f.Of)
	switch {
	case f.Level == Pass && r.level(cases{of: f.Of, bad: n.bad + n.unclear}, gate) > Pass:
		f.Level = CannotTell
		f.Says = fmt.Sprintf("Nobody can tell whether %d of %d cases are right or wrong: %s. Send an Idempotency-Key with each call, or give each call a body of its own.", f.Unclear, f.Of, doubts[n.why])
	case f.Level == Untested:
		f.Says = "Nothing exercised it. To test it, " + r.Exercise + "."
	case f.Level > Pass:
		f.Says = r.bad(&f)
	}
	return f
}

// found returns the cases of one rule.
func (c *client) found(rule int) cases {
	n, b := c.cases[rule], c.byBody[rule]
	if c.twins {
		b.unclear, b.of, b.bad = b.unclear+b.bad, b.of-b.bad, 0
		if rule == amplification { // the three attempts may be of three calls
			b.unclear, b.of = b.unclear+b.of, 0
		}
		if b.unclear > 0 {
			b.why = twins
		}
	}
	n.add(b)
	if rule == headroom && !c.near {
		return cases{}
	}
	return n
}

// gate returns the gate for a rule, if there is one, and whether the rule decides.
func (p *Policy) gate(r *Rule) (gate *Gate, decides bool) {
	for i := range p.FailOn {
		if p.FailOn[i].Rule == r.Name {
			gate = &p.FailOn[i]
		}
	}
	return gate, gate != nil || len(p.FailOn) == 0
}

func (c *counts) grade(key string) Grade {
	return Grade{Key: key, Attempts: c.attempts, Calls: c.calls, Limited: c.limited, Refused: c.refused}
}

// Report returns how the clients have behaved.
func (w *Watcher) Report(p Policy) Report {
	keys := make([]string, 0, len(w.clients))
	for key := range w.clients {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var out Report
	for _, key := range keys {
		c := w.clients[key]
		g := c.grade(Mask(key))
		g.Tenant = w.tenants[key]
		for i := range w.rules {
			if w.rules[i].measure != nil {
				gate, _ := p.gate(&w.rules[i])
				g.Findings = append(g.Findings, w.rules[i].judge(c.found(i), gate, c.examples[i]))
			}
		}
		out.Keys = append(out.Keys, g)
	}
	g := w.all.grade(AllKeys)
	gate, _ := p.gate(&w.rules[lockstep])
	g.Findings = []Finding{w.rules[lockstep].judge(w.herd.pairs, gate, nil)}
	out.Keys = append(out.Keys, g)
	out.settle(w.rules, p)
	return out
}

// settle works out the levels of keys, rules and the run.
func (r *Report) settle(rules []Rule, p Policy) {
	for i := range rules {
		v := Verdict{Name: rules[i].Name}
		for k := range r.Keys {
			g := &r.Keys[k]
			for _, f := range g.Findings {
				if f.Name != v.Name {
					continue
				}
				if f.Level >= v.Level {
					v.Level, v.Says = f.Level, f.Says
				}
				g.Level = max(g.Level, f.Level)
			}
		}
		if v.Level == Untested {
			v.Says = "Nothing exercised it. To test it, " + rules[i].Exercise + "."
		}
		gate, decides := p.gate(&rules[i])
		v.Decides = decides
		v.Open = (gate != nil || decides && rules[i].Required) && !p.AllowUntested && (v.Level == Untested || v.Level == CannotTell)
		r.Rules = append(r.Rules, v)
	}
	r.Level = r.level()
}

// level is the grade of the run.
func (r *Report) level() Level {
	open, worst := Untested, Untested
	for _, v := range r.Rules {
		switch {
		case v.Decides && v.Level == Fail:
			return Fail
		case v.Open:
			open = max(open, v.Level)
		case v.Level == Fail: // a rule that does not decide
			worst = max(worst, Warn)
		case v.Level != CannotTell:
			worst = max(worst, v.Level)
		}
	}
	if r.Open() {
		return open
	}
	return worst
}

// Open reports whether the run is no pass although nothing failed: a rule that decides was
// not exercised, or nobody can tell, or no client sent a request.
func (r *Report) Open() bool {
	return r.Keys[len(r.Keys)-1].Attempts == 0 || slices.ContainsFunc(r.Rules, func(v Verdict) bool { return v.Open })
}
