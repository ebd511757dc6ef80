package conformance

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Level is how good something is.
type Level uint8

// The levels, from the best to the worst.
const (
	Pass Level = iota
	Warn
	Fail
)

var levels = [...]string{"pass", "warn", "fail"}

func (l Level) String() string { return levels[l] }

// MarshalText writes a level by its name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is one thing that was looked at.
type Finding struct {
	Name  string  `json:"name"`
	Count int64   `json:"count"` // what was found
	Of    int64   `json:"of"`    // of how many
	Share float64 `json:"share"` // Count of Of; for amplification and lockstep, the factor that is graded
	Warn  float64 `json:"warn"`  // Share above which it is a warning
	Fail  float64 `json:"fail"`  // Share above which it is a failure; 0 = never
	Level Level   `json:"grade"`
	Says  string  `json:"says"`
}

// Grade is how one client behaved.
type Grade struct {
	Key      string    `json:"key"` // its middle left out, as it may be a real one
	Tenant   string    `json:"tenant,omitempty"`
	Attempts int64     `json:"attempts"`
	Retries  int64     `json:"retries"`
	Limited  int64     `json:"limited"` // refused by a limit
	Refused  int64     `json:"refused"` // for whatever reason
	Level    Level     `json:"grade"`   // the worst of the findings
	Findings []Finding `json:"findings"`
}

// AllKeys is the key of the grade for all clients together.
const AllKeys = "all keys"

// Overall returns the worst of the grades; Fail where no client sent a request, for then
// nothing was tested.
func Overall(grades []Grade) Level {
	worst, attempts := Pass, 0
	for i := range grades {
		worst = max(worst, grades[i].Level)
		attempts += int(grades[i].Attempts)
	}
	if attempts == 0 {
		return Fail
	}
	return worst
}

// Mask leaves out the middle of a key that is long enough to be a secret.
func Mask(key string) string {
	key = strings.ToValidUTF8(key, "?")
	if r := []rune(key); len(r) > 12 {
		return string(r[:6]) + "…" + string(r[len(r)-4:])
	}
	return key
}

// Below so many, an average says little.
const (
	fewRequests = 20
	fewRetries  = 20
)

// share grades count of of.
func share(name string, count, of int64, warn, fail float64, good, bad string) Finding {
	f := Finding{Name: name, Count: count, Of: of, Warn: warn, Fail: fail, Says: good}
	if of > 0 {
		f.Share = float64(count) / float64(of)
	}
	f.judge(bad)
	return f
}

// judge compares f's share with the thresholds; bad is what to say if it is
// above.
func (f *Finding) judge(bad string) {
	switch {
	case f.Fail > 0 && f.Share > f.Fail:
		f.Level, f.Says = Fail, bad
	case f.Share > f.Warn:
		f.Level, f.Says = Warn, bad
	}
}

// grade grades one key.
func (c *client) grade(key string) Grade {
	g := c.counts.header(key)
	g.Findings = []Finding{
		// A wait asked for is exact: who comes before it is refused again.
		share("retry-after", c.early, c.asked, 0.01, 0.1,
			"Waits as long as it is asked to.",
			fmt.Sprintf("Came back before Retry-After asked with %d of %d retries; wait at least as long as the answer says.", c.early, c.asked)),
		// No retry of these can succeed.
		share("hopeless", c.again, c.hopeless, 0, 0.1,
			"Repeats nothing that can never succeed.",
			fmt.Sprintf("Repeated a request %d times after %d answers that no wait can cure (no credit, too large, or malformed); give up on those.", c.again, c.hopeless)),
		c.amplification(),
		share("exhausted", c.known, c.attempts, 0.01, 0.1,
			"Sends nothing while it knows that nothing is left.",
			fmt.Sprintf("Sent %d of %d requests in vain after an answer had told that none are left and before the reset it named; hold new requests back until then.", c.known, c.attempts)),
		// The answer that told it may not have been read yet: no reason to fail.
		share("headroom", c.foretold, c.firsts, 0.05, 0,
			"Slows down before limits refuse it, or meets none.",
			fmt.Sprintf("Was refused with %d of %d new requests when the headers had told that less than %.0f %% was left; slow down as x-ratelimit-remaining falls.", c.foretold, c.firsts, low*100)),
	}
	g.settle()
	return g
}

func (c *counts) header(key string) Grade {
	return Grade{Key: key, Attempts: c.attempts, Retries: c.retries, Limited: c.limited, Refused: c.refused}
}

func (g *Grade) settle() {
	for i := range g.Findings {
		g.Level = max(g.Level, g.Findings[i].Level)
	}
}

// amplification grades requests sent for each that was meant. Google's Site
// Reliability Engineering, chapter 21, allows three attempts a request, and one
// retry for every ten requests of a client.
func (c *counts) amplification() Finding {
	f := Finding{Name: "amplification", Count: c.attempts, Of: c.attempts - c.retries, Warn: 2, Fail: 3,
		Says: "Retries add little to its load."}
	if f.Of > 0 {
		f.Share = float64(f.Count) / float64(f.Of)
	} else if f.Count > 0 {
		f.Share = float64(f.Count)
	}
	if c.attempts < fewRequests {
		f.Says = fmt.Sprintf("Too few requests to tell: %d.", c.attempts)
		return f
	}
	f.judge(fmt.Sprintf("Sent %d requests for %d, %.1f for each; bound the retries of a request and of all together.", f.Count, f.Of, f.Share))
	return f
}

// together grades what no key does alone.
func (w *Watcher) together() Grade {
	g := w.all.header(AllKeys)
	f := Finding{Name: "lockstep", Count: w.herd.together, Of: w.herd.pairs, Share: w.herd.index(), Warn: 2, Fail: 4,
		Says: "Retries after 429s are spread in time."}
	if w.herd.retries < fewRetries {
		f.Says = fmt.Sprintf("Too few retries after 429s to tell: %d.", w.herd.retries)
	} else {
		f.judge(fmt.Sprintf("Two retries after 429s came within the same %v %.1f times as often as by chance; add jitter to the wait.", herdWindow, f.Share))
	}
	g.Findings = []Finding{f}
	g.settle()
	return g
}

// WriteText writes grades for people to read, the overall one last.
func WriteText(w io.Writer, grades []Grade) error {
	var b strings.Builder
	for i := range grades {
		g := &grades[i]
		if g.Tenant != "" {
			fmt.Fprintf(&b, "%s, ", g.Tenant)
		}
		fmt.Fprintf(&b, "%s: %v (%d requests, %d of them retries, %d refused by limits, %d refused in all)\n",
			g.Key, g.Level, g.Attempts, g.Retries, g.Limited, g.Refused)
		for j := range g.Findings {
			f := &g.Findings[j]
			fmt.Fprintf(&b, "  %v  %-13s  %-7s  %s\n", f.Level, f.Name, f.figure(), f.Says)
		}
	}
	if !slices.ContainsFunc(grades, func(g Grade) bool { return g.Attempts > 0 }) {
		b.WriteString("no client sent a request that could be graded; is the base URL right?\n")
	}
	fmt.Fprintf(&b, "conformance: %v\n", Overall(grades))
	_, err := io.WriteString(w, b.String())
	return err
}

// figure shows what is graded.
func (f *Finding) figure() string {
	switch {
	case f.Of == 0:
		return "-"
	case f.Name == "amplification" || f.Name == "lockstep":
		return fmt.Sprintf("%.2f", f.Share)
	}
	return fmt.Sprintf("%.3g %%", math.Min(f.Share*100, 999))
}
