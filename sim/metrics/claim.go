package metrics

import "slices"

// ClaimsSchema names the layout of Claims. It changes only with the layout.
const ClaimsSchema = "ratesim/claims/v1"

// Claims is what was found about claims.
type Claims struct {
	Schema       string  `json:"schema"`       // ratesim/claims/v1
	Seed         uint64  `json:"seed"`         // of all random draws
	Replications int     `json:"replications"` // of each case
	Claims       []Claim `json:"claims"`       // one for each claim
}

// Claim is a sentence and what was found about it.
type Claim struct {
	Name    string       `json:"name"`              // of the claim
	About   string       `json:"about"`             // what is claimed
	Fair    string       `json:"fair,omitempty"`    // why the experiment is a fair test of it
	Changes string       `json:"changes,omitempty"` // what would change the verdict
	Verdict ClaimVerdict `json:"verdict"`           // holds, holds only if, does not hold, or undecided
	// Changed says that a case did not end as recorded.
	Changed bool   `json:"changed"`
	Cases   []Case `json:"cases"` // one for each condition
}

// Case is a claim under one condition.
type Case struct {
	If       string `json:"if"`       // the condition
	Holds    bool   `json:"holds"`    // all that is expected is met, beyond chance
	Recorded bool   `json:"recorded"` // whether it held when the claim was written down
	// Expectations are what the claim says, in numbers.
	Expectations []Expectation `json:"expectations"`
	Warnings     []string      `json:"warnings"` // what a reader should know before using the numbers
	Hash         string        `json:"hash"`     // of every event of every run
}

// ClaimVerdict is what follows from the cases of a claim.
type ClaimVerdict string

// The verdicts.
const (
	Holds       ClaimVerdict = "holds"
	HoldsOnlyIf ClaimVerdict = "holds only if"
	HoldsNot    ClaimVerdict = "does not hold"
	HoldsMaybe  ClaimVerdict = "is undecided" // it holds in no case, and one of them may hold
)

// Judge adds a case with the result r to the claim. An expectation that is met on
// average, but not in the whole interval of its margin, does not count as met, because
// that may be chance. One that is missed on average only does not count as missed either:
// then the case is undecided.
func (c *Claim) Judge(condition string, recorded bool, r *Result) {
	k := Case{If: condition, Recorded: recorded, Holds: len(r.Expectations) > 0,
		Expectations: r.Expectations, Warnings: r.Warnings, Hash: r.Hash}
	for _, e := range r.Expectations {
		k.Holds = k.Holds && e.Met && e.Certain
	}
	c.Cases = append(c.Cases, k)
	c.Changed = c.Changed || k.Holds != k.Recorded
	held, open := 0, false
	for _, k := range c.Cases {
		if k.Holds {
			held++
		}
		open = open || !k.Decided()
	}
	switch {
	case held == len(c.Cases):
		c.Verdict = Holds
	case held > 0:
		c.Verdict = HoldsOnlyIf
	case open:
		c.Verdict = HoldsMaybe
	default:
		c.Verdict = HoldsNot
	}
}

// Decided reports whether the claim holds in the case, or something that is expected is missed
// beyond chance.
func (k *Case) Decided() bool {
	missed := func(e Expectation) bool { return !e.Met && (e.Certain || e.Margin == nil) }
	return k.Holds || slices.ContainsFunc(k.Expectations, missed)
}

// Deciding returns the expectation that decided a case: the first that was missed beyond
// chance, or else the first that may be chance, or else the first.
func (k *Case) Deciding() *Expectation {
	deciding, decided := &k.Expectations[0], k.Decided()
	for i := len(k.Expectations) - 1; i >= 0; i-- {
		if e := &k.Expectations[i]; !e.Certain && !decided || !e.Met && decided {
			deciding = e
		}
	}
	return deciding
}
