package catalog

import (
	"fmt"
	"strings"

	"ratesim/provider"
)

// Provisioned returns the deployment of so many units of an offer, and of so many units of output
// where those are bought by themselves, as the simulator runs it. The error is of a number
// that cannot be bought.
func (c *Catalog) Provisioned(o *Offer, units, outputs int) (provider.Config, error) {
	switch {
	case o.Ref != "":
		return c.leveled(o, units)
	case o.OutputTPM > 0:
		return c.split(o, units, outputs), nil
	}
	return c.windowed(o, units), nil
}

// OnDemand returns a deployment of an offer's model without limits, as fast as the model is, for
// where the catalog has none.
func (c *Catalog) OnDemand(o *Offer) provider.Config {
	r := Row{Config: provider.Config{Vendor: o.Vendor, Model: o.Model, Charge: provider.Charge{CacheDiscount: o.CacheDiscount}}}
	c.latency(&r)
	return r.Config
}

// leveled is a deployment of Azure's PTUs, which are rows of the catalog.
func (c *Catalog) leveled(o *Offer, units int) (provider.Config, error) {
	return c.Find(strings.Replace(o.Ref, provisioned, fmt.Sprintf("ptu-%d", units), 1))
}
