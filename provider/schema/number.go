package schema

import (
	"math/big"
	"strconv"
	"strings"
)

// plain reports whether a number can be worked with exactly in little memory: it is short
// and its exponent is that of a float.
func plain(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || len(s) > 64 {
		return false
	}
	if f == 0 { // an exponent may be anything
		_, exponent, found := strings.Cut(strings.ToLower(s), "e")
		n, err := strconv.Atoi(exponent)
		return !found || err == nil && n > -400 && n < 400
	}
	return true
}

// bounds are what numbers are held against; nil = no bound.
type bounds struct {
	low, high         *big.Rat
	openLow, openHigh bool // the bound itself is not allowed
	steps             []*big.Rat
	whole             bool
}

// decimals is how many digits after the point a number has at most: as many as keep the
// multiples of a plain decimal exact.
const decimals = 30

// find returns the number nearest to 1 from a bound on, as it is written; false if there
// is none. It is exact but for steps that have no common multiple in small numbers.
func (c *bounds) find() (string, bool) {
	step := new(big.Rat)
	if c.whole {
		step.SetInt64(1)
	}
	for _, s := range c.steps {
		if s.Sign() <= 0 {
			return "", false
		}
		step = common(step, s)
	}
	for _, v := range c.candidates(step) {
		if c.admits(v) {
			return written(v), true
		}
	}
	return "", false
}

// common returns the least common multiple of two steps; 0 is no step.
func common(a, b *big.Rat) *big.Rat {
	if a.Sign() == 0 {
		return b
	}
	// lcm(p/q, r/s) = lcm(p*s, r*q) / (q*s)
	p := new(big.Int).Mul(a.Num(), b.Denom())
	r := new(big.Int).Mul(b.Num(), a.Denom())
	gcd := new(big.Int).GCD(nil, nil, p, r)
	least := new(big.Int).Mul(new(big.Int).Div(p, gcd), r)
	return new(big.Rat).SetFrac(least, new(big.Int).Mul(a.Denom(), b.Denom()))
}

// candidates lists numbers that may do, the best first.
func (c *bounds) candidates(step *big.Rat) []*big.Rat {
	one := big.NewRat(1, 1)
	list := []*big.Rat{one}
	if c.low != nil {
		list = append(list, c.low, new(big.Rat).Add(c.low, one))
	}
	if c.high != nil {
		list = append(list, c.high, new(big.Rat).Sub(c.high, one))
	}
	if c.low != nil && c.high != nil {
		sum := new(big.Rat).Add(c.low, c.high)
		list = append(list, sum.Mul(sum, big.NewRat(1, 2)))
	}
	if step.Sign() == 0 {
		return list
	}
	var stepped []*big.Rat
	for _, v := range list { // the multiples on both sides, and the ones after them
		q := new(big.Rat).Quo(v, step)
		floor := new(big.Int).Div(q.Num(), q.Denom())
		for _, d := range [...]int64{0, 1, -1, 2} {
			k := new(big.Rat).SetInt(new(big.Int).Add(floor, big.NewInt(d)))
			stepped = append(stepped, k.Mul(k, step))
		}
	}
	return append(stepped, new(big.Rat))
}

func (c *bounds) admits(v *big.Rat) bool {
	if c.low != nil && (v.Cmp(c.low) < 0 || c.openLow && v.Cmp(c.low) == 0) {
		return false
	}
	if c.high != nil && (v.Cmp(c.high) > 0 || c.openHigh && v.Cmp(c.high) == 0) {
		return false
	}
	if c.whole && !v.IsInt() {
		return false
	}
	for _, s := range c.steps {
		if s.Sign() <= 0 || !new(big.Rat).Quo(v, s).IsInt() {
			return false
		}
	}
	return true
}

// written returns v in decimals.
func written(v *big.Rat) string {
	if v.IsInt() {
		return v.Num().String()
	}
	return strings.TrimRight(v.FloatString(decimals), "0")
}

// rat returns the number of a node; nil if it is none.
func (n *node) rat() *big.Rat {
	if n == nil || n.kind != number {
		return nil
	}
	v, _ := new(big.Rat).SetString(n.text) // plain, as all here are
	return v
}

// count returns a count; false if it is none.
func (n *node) count() (int, bool) {
	v := n.rat()
	if v == nil || !v.IsInt() || v.Sign() < 0 {
		return 0, false
	}
	if !v.Num().IsInt64() || v.Num().Int64() > 1<<30 {
		return 1 << 30, true
	}
	return int(v.Num().Int64()), true
}
