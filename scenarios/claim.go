package scenarios

import (
	"fmt"
	"time"
)

// Claim is a sentence that is tested by an experiment. The expectations of the
// experiment are what the sentence says. Its cases differ in what the sentence says
// nothing about.
type Claim struct {
	Name  string
	About string // the sentence
	// Fair says why the experiment is a fair test of the sentence, and Changes what would
	// change the verdict. Every embedded claim has both.
	Fair, Changes string
	Cases         []Case // at least one
}

// Case is one run of the experiment.
type Case struct {
	If    string // the condition, as it follows "holds only if"
	Holds bool   // whether all that is expected was met when the file was written
	Spec  *Spec  // the experiment under this condition
	// Window is the width of the windows in which retry_peak is counted; 0 =
	// that of results.
	Window time.Duration
}

// caseNode is a case as it was written.
type caseNode struct {
	name   string
	holds  bool
	set    cursor
	window time.Duration
}

func (d *decoder) readCases(c cursor) {
	c.items("cases", func(_ int, c cursor) {
		var n caseNode
		c.mapping(
			need("if", text(&n.name)),
			may("set", func(c cursor) {
				n.set = c
				c.described(shape{Type: []string{"object"}})
			}),
			may("window", duration(&n.window, time.Millisecond, time.Hour)),
			need("holds", truth(&n.holds)),
		)
		if n.set.ok() {
			n.set.is(mapping, "a mapping of paths to values, such as {fleet.instances: 40}")
		}
		d.cases = append(d.cases, n)
	})
}

// ParseClaim reads a claim: a scenario with cases. Names and errors are as in
// Parse.
func ParseClaim(file string, data []byte, opt Options) (*Claim, error) {
	d, _, err := parse(file, data, opt, nil)
	if err != nil {
		return nil, err
	}
	claim := &Claim{Name: d.spec.Name, About: d.spec.About, Fair: d.fair, Changes: d.changes}
	for _, n := range d.cases {
		under, _, err := parse(file, data, opt, n.set.n)
		if err != nil {
			return nil, err
		}
		claim.Cases = append(claim.Cases, Case{If: n.name, Holds: n.holds, Spec: under.spec, Window: n.window})
		if len(under.spec.Expect) == 0 {
			return nil, fmt.Errorf("%s: nothing is expected if %s; want expect, with what the claim says", file, n.name)
		}
	}
	if len(claim.Cases) == 0 {
		return nil, fmt.Errorf("%s: cases is missing; want what the claim is tried under: [{if: …, set: {path: value}, holds: true}]", file)
	}
	return claim, nil
}

// apply changes the fields that a case sets.
func (n *node) apply(root *node, p *problems) {
	if n == nil {
		return
	}
	for _, e := range n.keys {
		if err := set(root, e.key, e.value); err != nil {
			p.add(e.at, join("set", e.key), "%v", err)
		}
	}
}
