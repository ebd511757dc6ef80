package catalog

import (
	"ratesim/provider"
	"ratesim/provider/vendors"
)

// PriceWrites sets what tokens cost that a deployment writes to its cache, for which a
// vendor may charge by how long they are kept. It is called when cfg.Cache.TTL has changed.
func PriceWrites(cfg *provider.Config) { vendors.PriceWrites(cfg) }
