package scenarios

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"ratesim/provider/catalog"
)

// What `list choices` offers can be set as it stands there, at the key that it
// names: the choice changes nothing, for the vendor's rules have it, and the
// alternative does. Where there is no key, the row says so.
func TestEveryChoiceCanBeSet(t *testing.T) {
	known := catalog.Embedded()
	set := 0
	for _, c := range known.Choices() {
		name := c.Vendor + ": " + c.Question
		if c.Key == "" {
			if !strings.HasSuffix(c.Alternative, "; cannot be set") {
				t.Errorf("%s: no key, and the alternative %q does not say that it cannot be set", name, c.Alternative)
			}
			continue
		}
		ref := c.Ref
		if !strings.HasPrefix(ref, c.Vendor) {
			t.Errorf("%s: %s is of another vendor", name, ref)
		}
		base, err := withChoice(known, ref)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		path := "deployments.main." + c.Key
		if c.Key == "faults" {
			path = c.Key
		}
		for _, value := range []string{c.Choice, c.Alternative} {
			spec, err := withChoice(known, ref, path+"="+value)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			same := reflect.DeepEqual(base.Deployments, spec.Deployments)
			if same != (value == c.Choice) {
				t.Errorf("%s: %s=%s leaves the rules of %s as they are: %v", name, c.Key, value, ref, same)
			}
		}
		set++
	}
	if set < 25 {
		t.Errorf("%d choices have a key, want most of them", set)
	}
}

// withChoice returns a scenario of one deployment with fields set.
func withChoice(known *catalog.Catalog, ref string, set ...string) (*Spec, error) {
	return Parse("choice.yaml", fmt.Appendf(nil, `
name: choice
duration: 1m
workload: [{arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50}]
deployments: [{name: main, provider: %q}]
strategies: [jitter]
`, ref), Options{Catalog: known, Set: set})
}
