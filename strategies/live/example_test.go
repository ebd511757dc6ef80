package live_test

import (
	"fmt"
	"net/http"
	"time"

	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/live"
)

// newClient returns an HTTP client whose calls a strategy paces and retries. Give it to
// your SDK as its HTTP client, and turn the SDK's own retries off.
func newClient(seed uint64) (*http.Client, error) {
	entry, ok := catalog.Find("paced")
	if !ok {
		return nil, fmt.Errorf("no such strategy")
	}
	env := strategies.Env{Key: rng.New(seed, 0), Deployments: []strategies.Deployment{{Name: "main", RPM: 500, TPM: 30_000}}}
	factory, problems := entry.Build(nil, env)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return &http.Client{Transport: live.New(factory(env), live.Options{Timeout: 30 * time.Second})}, nil
}

func Example() {
	client, err := newClient(uint64(time.Now().UnixNano()))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%T\n", client.Transport)
	// Output: *live.Transport
}
