package wire

import "slices"

// tier is a service tier that requests can ask for, and how answers name the one that has
// served them.
type tier struct{ asked, told string }

// tiers are those of each vendor that has some; the first is that of requests that do not
// ask. Sources: the types of openai-node and anthropic-sdk-typescript (2026-11); Groq's guide
// to service tiers (2026). That auto is served as default is chosen: it depends on the
// settings of a project. Answers of other vendors that speak like OpenAI say default.
var tiers = map[string][]tier{
	"openai":    {{"default", "default"}, {"auto", "default"}, {"flex", "flex"}, {"priority", "priority"}, {"scale", "default"}, {"fast", "priority"}},
	"azure":     {{"default", "default"}, {"auto", "default"}, {"priority", "priority"}},
	"anthropic": {{"auto", "standard"}, {"standard_only", "standard"}},
	"groq":      {{"on_demand", "on_demand"}, {"auto", "on_demand"}, {"flex", "flex"}, {"performance", "performance"}},
}

// Tier returns how an answer names the service tier of a request that asks for one; empty is
// one that does not ask. It reports false for a tier that the vendor does not have.
func (d Dialect) Tier(asked string) (told string, ok bool) {
	of := tiers[d.Vendor]
	if of == nil {
		return "default", true
	}
	if asked == "" {
		return of[0].told, true
	}
	i := slices.IndexFunc(of, func(t tier) bool { return t.asked == asked })
	if i < 0 {
		return "", false
	}
	return of[i].told, true
}

// Tiers returns the service tiers that requests can ask for, sorted.
func (d Dialect) Tiers() []string {
	var names []string
	for _, t := range tiers[d.Vendor] {
		names = append(names, t.asked)
	}
	slices.Sort(names)
	return names
}
