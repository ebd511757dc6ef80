package metrics

import "testing"

// A case that is missed only on average is undecided, and a claim that holds nowhere is
// undecided as long as one of its cases is.
func TestUndecidedClaims(t *testing.T) {
	at := func(met, certain bool) Expectation {
		return Expectation{Met: met, Certain: certain, Margin: &Estimate{}}
	}
	met, missed, perhaps, perhapsNot := at(true, true), at(false, true), at(true, false), at(false, false)
	unreached := Expectation{Met: false} // a time that is never reached has no margin
	for _, k := range []struct {
		cases [][]Expectation
		want  ClaimVerdict
	}{
		{[][]Expectation{{met}, {met, met}}, Holds},
		{[][]Expectation{{met}, {missed}}, HoldsOnlyIf},
		{[][]Expectation{{met}, {perhaps}}, HoldsOnlyIf},
		{[][]Expectation{{missed}, {met, missed}}, HoldsNot},
		{[][]Expectation{{unreached}}, HoldsNot},
		{[][]Expectation{{missed}, {perhaps}}, HoldsMaybe},
		{[][]Expectation{{missed}, {perhapsNot}}, HoldsMaybe},
		{[][]Expectation{{perhaps, missed}}, HoldsNot},
	} {
		var c Claim
		for _, e := range k.cases {
			c.Judge("", false, &Result{Expectations: e})
		}
		if c.Verdict != k.want {
			t.Errorf("%+v: %s, want %s", k.cases, c.Verdict, k.want)
		}
	}
	c := Case{Expectations: []Expectation{perhaps, met, missed}}
	if c.Deciding() != &c.Expectations[2] {
		t.Error("what is missed beyond chance decides")
	}
	c.Expectations[2] = met
	if c.Deciding() != &c.Expectations[0] {
		t.Error("what may be chance leaves it open")
	}
}
