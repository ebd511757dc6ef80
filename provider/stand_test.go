package provider_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// After one attempt of 10 tokens, a limit has one request or 10 tokens less. A limit that is
// enforced over slices of its minute stands as its slice does, one that is cut as what is
// left of it.
func TestStands(t *testing.T) {
	perDay := []provider.Limit{{Counts: provider.Requests, Most: 9, Per: 24 * time.Hour}, {Counts: provider.Requests, Most: 3}}
	half := []provider.Fault{{Kind: provider.LimitCut, To: 0.5, Until: clock.Never}}
	for name, tt := range map[string]struct {
		config provider.Config
		want   []provider.Stand
	}{
		"none":   {provider.Config{}, nil},
		"minute": {provider.Config{RPM: 5, TPM: 100}, []provider.Stand{{provider.Requests, time.Minute, 5, 4}, {provider.Tokens, time.Minute, 100, 90}}},
		"others": {provider.Config{Limits: perDay}, []provider.Stand{{provider.Requests, 24 * time.Hour, 9, 8}, {provider.Requests, 0, 3, 2}}},
		"slices": {provider.Config{RPM: 60, Window: provider.SubMinute}, []provider.Stand{{provider.Requests, 10 * time.Second, 10, 9}}},
		"cut":    {provider.Config{TPM: 100, Faults: half}, []provider.Stand{{provider.Tokens, time.Minute, 50, 40}}},
		"growth": {provider.Config{RPM: 5, Limits: []provider.Limit{{Counts: provider.Tokens, Most: 50, Per: time.Minute, Growth: 1}}}, []provider.Stand{{provider.Requests, time.Minute, 5, 4}}},
	} {
		m := provider.New(&tt.config, rng.New(1, 0), nil)
		var r wire.Reply
		m.Arrive(0, &wire.Attempt{Prompt: 4, Guess: 4, MaxTokens: 6, Output: 6}, &r)
		if !r.OK() {
			t.Fatalf("%s: refused by %v", name, r.Limit)
		}
		if diff := cmp.Diff(tt.want, m.Stands(0, nil)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
