package wire

import "slices"

// tier is a service tier that requests can ask for, and how answers name the one that has
// served them.
type tier struct{ asked, told string }

// Tier returns how an answer names the service tier of a request that asks for one; empty is
// one that does not ask. It reports false for a tier that the vendor does not have. Vendors
// without tiers that speak like OpenAI say default.
func (d *Dialect) Tier(asked string) (told string, ok bool) {
	if d.tiers == nil {
		return "default", true
	}
	if asked == "" {
		return d.tiers[0].told, true
	}
	i := slices.IndexFunc(d.tiers, func(t tier) bool { return t.asked == asked })
	if i < 0 {
		return "", false
	}
	return d.tiers[i].told, true
}

// Tiers returns the service tiers that requests can ask for, sorted.
func (d *Dialect) Tiers() []string {
	var names []string
	for _, t := range d.tiers {
		names = append(names, t.asked)
	}
	slices.Sort(names)
	return names
}
