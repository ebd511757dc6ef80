package metrics

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
	Name    string       `json:"name"`    // of the claim
	About   string       `json:"about"`   // what is claimed
	Verdict ClaimVerdict `json:"verdict"` // holds, holds only if, or does not hold
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
)

// Judge adds a case with the result r to the claim. An expectation that is met on
// average, but not in the whole interval of its margin, does not count as met, because
// that may be chance.
func (c *Claim) Judge(condition string, recorded bool, r *Result) {
	k := Case{If: condition, Recorded: recorded, Holds: len(r.Expectations) > 0,
		Expectations: r.Expectations, Warnings: r.Warnings, Hash: r.Hash}
	for _, e := range r.Expectations {
		k.Holds = k.Holds && e.Met && e.Certain
	}
	c.Cases = append(c.Cases, k)
	c.Changed = c.Changed || k.Holds != k.Recorded
	held := 0
	for _, k := range c.Cases {
		if k.Holds {
			held++
		}
	}
	switch held {
	case len(c.Cases):
		c.Verdict = Holds
	case 0:
		c.Verdict = HoldsNot
	default:
		c.Verdict = HoldsOnlyIf
	}
}

// Deciding returns the expectation that decided a case: the first that failed,
// or else the first.
func (k *Case) Deciding() *Expectation {
	for i := range k.Expectations {
		if e := &k.Expectations[i]; !e.Met || !e.Certain {
			return e
		}
	}
	return &k.Expectations[0]
}
