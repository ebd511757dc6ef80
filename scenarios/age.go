package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
)

// warnOfAge says which rows of the catalog a deployment rests on that are old. Ages count to
// the newest row of the catalog and not to today, so that a result is the same whenever it
// is made. Limits of an edition that the scenario names are meant to be old. How long answers
// take is no number that vendors publish and replace; its date is in Spec.Setting.
func (d *decoder) warnOfAge(cfg *provider.Config, of *catalog.Pricing) {
	var old []string
	add := func(what string, f *catalog.Fact) {
		if text := fmt.Sprintf("%s, of %s (%s, %d days older)", what, f.Date, f.Source, f.Age()/(24*time.Hour)); f.IsOld() && !slices.Contains(old, text) {
			old = append(old, text)
		}
	}
	base, err := d.catalog.Find(cfg.Ref)
	if err != nil {
		return // it was reported
	}
	for _, f := range d.catalog.Facts(cfg.Ref) {
		vendor, _, _ := strings.Cut(cfg.Ref, "/")
		if (f.What == "limits" || f.What == "ptu") && !strings.Contains(vendor, ":") && !cfg.Batch && !ownLimits(cfg, &base) {
			add("the limits of "+cfg.Ref, &f)
		}
	}
	for _, row := range of.All() {
		add("the price of "+row.Name, &row.Fact)
	}
	if old != nil {
		d.warn("deployment %s rests on rows that are at least %d days older than the newest row of the catalog, which is of %s: %s",
			cfg.Name, catalog.Old/(24*time.Hour), catalog.AsOf, strings.Join(old, "; "))
	}
}

// ownLimits reports whether the scenario gives other limits than the catalog.
func ownLimits(c, base *provider.Config) bool {
	return c.RPM != base.RPM || c.TPM != base.TPM || !slices.Equal(sizes(c), sizes(base))
}
