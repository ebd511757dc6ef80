package provider

import (
	"fmt"

	"ratesim/provider/wire"
	"ratesim/sim/limit"
)

// Validate returns an error if c cannot be simulated.
func (c *Config) Validate() error {
	switch {
	case c.PTU.Units < 0 || c.PTU.Units > 0 && c.PTU.TPMPerUnit <= 0:
		return fmt.Errorf("deployment %s: a provisioned deployment needs units and tokens per minute per unit", c.Name)
	case c.RPM < 0 || c.RPM > MostLimit || c.TPM < 0 || c.TPM > MostLimit || c.PTU.Units > 0 && int64(c.PTU.Units) > MostLimit/c.PTU.TPMPerUnit:
		return fmt.Errorf("deployment %s: limits must lie in 0..%d", c.Name, int64(MostLimit))
	case int(c.Window) >= len(Windows) || int(c.Charge.Reserve) >= len(Reserves):
		return fmt.Errorf("deployment %s: unknown window or reservation rule", c.Name)
	case c.Phase < 0 && c.Phase != FirstRequest:
		return fmt.Errorf("deployment %s: the phase must not be negative", c.Name)
	case c.Charge.Burndown < 0 || c.Charge.CacheDiscount < 0 || c.Charge.CacheDiscount > 1:
		return fmt.Errorf("deployment %s: burndown must not be negative, and the cache discount must lie in 0..1", c.Name)
	case c.Charge.CacheWrite < 0 || c.Cache.TTL < 0 || c.Price.Written < 0:
		return fmt.Errorf("deployment %s: what is written to the cache must not count or cost less than nothing, nor the time to live be negative", c.Name)
	case c.Latency.PerToken < 0 || c.Latency.Refusal < 0 || c.Latency.Load < 0 || c.Latency.Floor < 0:
		return fmt.Errorf("deployment %s: latencies must not be negative", c.Name)
	}
	if err := c.validateLimits(); err != nil {
		return err
	}
	for i := range c.Faults {
		if err := c.Faults[i].validate(); err != nil {
			return fmt.Errorf("deployment %s: fault %d: %w", c.Name, i, err)
		}
	}
	return nil
}

func (c *Config) validateLimits() error {
	tokens, room := 0, wire.MaxTickets
	for _, l := range c.All() {
		switch {
		case l.Most <= 0 || l.Most > MostLimit:
			return fmt.Errorf("deployment %s: a limit on %s of %d; it must lie in 1..%d", c.Name, l.told(), l.Most, int64(MostLimit))
		case l.Counts >= numUnits || int(l.Window) >= len(Windows) || l.Per < 0 || l.Growth < 0 || l.Growth > 0 && l.Per == 0,
			l.UsedBefore < 0 || l.UsedBefore > MostLimit || l.UsedBefore > 0 && l.Growth == 0:
			return fmt.Errorf("deployment %s: a limit on %s of unknown kind", c.Name, l.told())
		case l.Counts == Output && l.Per == 0:
			return fmt.Errorf("deployment %s: nothing is reserved for output, so it cannot be bounded at a time", c.Name)
		}
		switch l.Counts {
		case Tokens, Input:
			tokens++
		case Output:
			room = wire.MaxTickets - 1 // see Model.produce
		}
	}
	if tokens > room {
		return fmt.Errorf("deployment %s: %d limits on tokens; at most %d can be kept", c.Name, tokens, room)
	}
	return nil
}

func (f *Fault) validate() error {
	switch {
	case int(f.Kind) >= len(FaultKinds) || int(f.Bug) >= len(Bugs):
		return fmt.Errorf("unknown kind")
	case !(f.Rate >= 0 && f.Rate <= 1):
		return fmt.Errorf("rate %v must lie in 0..1", f.Rate)
	case f.Kind == LimitCut && !(f.To >= 0 && f.To <= 1):
		return fmt.Errorf("the share left of the limits must lie in 0..1, not %v", f.To)
	case f.Kind == SlowStream && !(f.To >= 1 && f.To <= 1e6):
		return fmt.Errorf("a slow stream takes 1 to 1,000,000 times as long, not %v", f.To)
	case f.How > 0 && int(f.How) >= len(f.Kind.Ways()):
		return fmt.Errorf("a fault of kind %v does not happen in way %d", f.Kind, f.How)
	case f.After < 0 || f.BytesPerSecond != 0 && !(f.BytesPerSecond >= 1 && f.BytesPerSecond <= 1e12):
		return fmt.Errorf("bytes must not be negative, and bytes per second lie in 1..1e12")
	case f.MTBF < 0 || f.MTTR < 0 || f.MTBF > 0 != (f.MTTR > 0):
		return fmt.Errorf("mtbf and mttr must be given together and be positive")
	}
	return nil
}

// TokenLimit returns the tokens per minute the deployment allows: TPM, or the
// limit on input where there is no TPM, or for a provisioned deployment its
// capacity in input-equivalent tokens; 0 for no limit.
func (c *Config) TokenLimit() int64 {
	if c.PTU.Units > 0 {
		return int64(c.PTU.Units) * c.PTU.TPMPerUnit
	}
	return c.PerMinute(Tokens)
}

// PerMinute returns the limit per minute on a unit, as a vendor advertises it:
// for Tokens that on input where there is no other. 0 for no limit, and for
// provisioned deployments.
func (c *Config) PerMinute(u Unit) int64 {
	if c.PTU.Units > 0 {
		return 0
	}
	input := int64(0)
	for _, l := range c.All() {
		switch {
		case l.Per != limit.Window || l.Growth > 0:
		case l.Counts == u:
			return l.Most
		case l.Counts == Input:
			input = l.Most
		}
	}
	if u == Tokens {
		return input
	}
	return 0
}
