package strategies

import (
	"math"
	"slices"
)

// allowance is what one instance paces to: its share of the limits of a deployment,
// less a margin, and at least one request and one token a minute.
//
// With more instances than the limit has requests, the allowances add up to more than
// the limit.
type allowance struct {
	requests, tokens int64 // per minute; 0 where no limit is known
	// largest is how many tokens the largest call may need: those of the whole limit,
	// for a larger one is never admitted. A call that needs more than the allowance waits
	// until nothing else is charged to the allowance.
	largest int64
}

// allowance returns what an instance made with env has of the limits of d. A way to
// pace that takes no share has all of them.
func (p *parts) allowance(d *Deployment, env Env) allowance {
	rpm, tpm := d.RPM, d.TPM
	if v, given := p.v["rpm"]; given {
		rpm = int64(v.number)
	}
	if v, given := p.v["tpm"]; given {
		tpm = int64(v.number)
	}
	if p.pace != byBucket && p.pace != byWindows {
		return allowance{rpm, tpm, tpm}
	}
	part := 1 / float64(instancesAt(0, env.Instances))
	if v, given := p.v["share"]; given {
		part = v.number
	}
	part *= 1 - p.v.Number("margin")
	return allowance{partOf(rpm, part), partOf(tpm, part), tpm}
}

// partOf rounds down, but forgives the error of a product of decimal fractions.
func partOf(limit int64, part float64) int64 {
	if limit == 0 {
		return 0
	}
	return max(1, int64(math.Floor(float64(limit)*part+1e-6)))
}

// limitParams say what the limits are of which an instance paces to a share.
var limitParams = []Param{
	{Name: "rpm", Kind: CountParam, Min: 1, Max: MaxLimit,
		About: "requests per minute of all instances together; default: the advertised limit of the deployment"},
	{Name: "tpm", Kind: CountParam, Min: 1, Max: MaxLimit,
		About: "tokens per minute of all instances together; default: the advertised limit of the deployment"},
	{Name: "share", Kind: ShareParam, Min: 1e-6, Max: 1,
		About: "the part of the limits that one instance takes; default: 1 ÷ the instances that are known when the fleet starts. It stays the same when the fleet grows; split follows the fleet"},
	{Name: "margin", Kind: ShareParam, Default: "0%", Max: 0.99,
		About: "the part of its share that an instance leaves unused, for prompts that are larger than it estimates; 0% because in the embedded scenarios no margin from 2% to 20% makes fewer calls fail, even when estimates are wrong by 30%"},
}

// Share returns the part of the limits that each instance paces to when it is built
// with these parameters. It is 0 for a strategy that does not pace to a fixed part.
// Wrong parameters count as not given.
func (e *Entry) Share(args Args, known Env) float64 {
	i := slices.IndexFunc(e.Params, func(p Param) bool { return p.Name == "share" })
	switch {
	case e.Alone:
		return 1
	case i < 0 || !e.applies(&e.Params[i], args) || args["refill"] != "":
		return 0
	}
	if v, err := e.Params[i].parse(args["share"], known); err == nil {
		return v.number
	}
	return 1 / float64(instancesAt(0, known.Instances))
}
