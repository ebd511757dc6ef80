package presets_test

import (
	"pgregory.net/rapid"

	"ratesim/strategies"
	"ratesim/strategies/catalog"
)

// build makes the factory of a catalog entry, which must accept args.
func build(t rapid.TB, name string, args strategies.Args, deployments []strategies.Deployment) strategies.Factory {
	t.Helper()
	e, ok := catalog.Find(name)
	if !ok {
		t.Fatalf("there is no strategy %q", name)
	}
	f, errs := e.Build(args, strategies.Env{Deployments: deployments})
	if errs != nil {
		t.Fatalf("%s %v: %v", name, args, errs)
	}
	return f
}
