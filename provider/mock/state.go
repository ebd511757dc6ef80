package mock

import (
	"fmt"
	"maps"
	"slices"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/script"
)

// State is what the server has counted, for the operator.
type State struct {
	Accounts []AccountState `json:"accounts"`
	// Unserved are the requests that named models which nothing serves, by the name.
	Unserved map[string]int64 `json:"unserved"`
	Scripts  []script.Played  `json:"scripts"`
	Answers  []script.Played  `json:"answers"`
}

// AccountState is one account; its key is not told.
type AccountState struct {
	Account     string            `json:"account"`
	Deployments []DeploymentState `json:"deployments"`
}

// DeploymentState is one deployment as it stands for one account.
type DeploymentState struct {
	Name      string   `json:"name"`
	Attempts  int64    `json:"attempts"`
	Refused   int64    `json:"refused"` // 429 and what stands for it
	Failed    int64    `json:"failed"`  // other errors
	Admitted  int64    `json:"admitted"`
	Charged   int64    `json:"charged"` // tokens, net of settlements
	PerMinute int64    `json:"per_minute"`
	Working   int      `json:"working"` // attempts admitted and not finished
	Billed    [3]int64 `json:"billed"`  // prompt, cached among them, output
	// Limits is what is left of each limit on requests, tokens, input tokens, output tokens.
	Limits []LimitState `json:"limits"`
}

// LimitState is one limit as it stands for one account.
type LimitState struct {
	Counts string  `json:"counts"`
	Per    float64 `json:"per_s"` // seconds of the provider's time; 0 = at a time
	Most   int64   `json:"most"`
	Left   int64   `json:"left"`
}

var unitNames = [...]string{"requests", "tokens", "input tokens", "output tokens"} // indexed by provider.Unit

// State returns what has been counted since the start, or the last Reset.
func (s *Server) State() State {
	names, accounts := s.everyone()
	state := State{Accounts: []AccountState{}, Unserved: s.Unserved(), Scripts: s.Played(), Answers: s.Answered()}
	for i, a := range accounts {
		state.Accounts = append(state.Accounts, AccountState{conformance.Mask(names[i]), a.state(s)})
	}
	return state
}

// Account returns one account by the name that records have, not masked. It reports false
// when there is none.
func (s *Server) Account(name string) (AccountState, bool) {
	s.mu.Lock()
	a := s.accounts.named[name]
	s.mu.Unlock()
	if a == nil {
		return AccountState{}, false
	}
	return AccountState{conformance.Mask(name), a.state(s)}, true
}

func (a *account) state(s *Server) []DeploymentState {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	list := make([]DeploymentState, len(a.models))
	for i, m := range a.models {
		charged, perMinute := m.Meter(now)
		t := &m.Tally
		billed := t.Billed.Total()
		list[i] = DeploymentState{Name: s.nameOf(i), Attempts: a.tally[i].attempts, Refused: a.tally[i].refused, Failed: a.tally[i].failed,
			Admitted: t.Admitted, Charged: charged, PerMinute: perMinute, Billed: [3]int64{billed.Prompt, billed.Cached, billed.Output}}
	}
	for _, t := range a.work.tasks {
		list[t.model].Working++
	}
	var stands []provider.Stand
	for i, m := range a.models {
		stands = m.Stands(now, stands[:0])
		list[i].Limits = make([]LimitState, 0, len(stands))
		for _, l := range stands {
			list[i].Limits = append(list[i].Limits, LimitState{unitNames[l.Counts], l.Per.Seconds(), l.Most, l.Left})
		}
	}
	return list
}

// nameOf returns how the operator knows what one model of an account is: a deployment, or a
// service tier of one that has limits of its own.
func (s *Server) nameOf(model int) string {
	if n := len(s.c.Deployments); model >= n {
		t := &s.tiers[model-n]
		return s.c.Deployments[t.deployment].Name + " (" + t.told + ")"
	}
	return s.c.Deployments[model].Name
}

// everyone returns the accounts there are, in order of their names.
func (s *Server) everyone() (names []string, accounts []*account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.accounts.named)) {
		names, accounts = append(names, name), append(accounts, s.accounts.named[name])
	}
	return names, accounts
}

// SetFaults replaces the faults of every deployment; lists are in the order of
// Config.Deployments. Times of faults are the provider's since the last Reset, or
// in a load generator's run since its start. It fails when a fault is no good,
// and changes nothing then.
func (s *Server) SetFaults(lists [][]provider.Fault) error {
	if len(lists) != len(s.c.Deployments) {
		return fmt.Errorf("mock: faults of %d deployments for %d", len(lists), len(s.c.Deployments))
	}
	configs := make([]provider.Config, len(lists))
	for i := range configs {
		configs[i] = s.c.Deployments[i].Config
		configs[i].Faults = lists[i]
		if err := configs[i].Validate(); err != nil {
			return fmt.Errorf("mock: faults of %q: %w", s.c.Deployments[i].Name, err)
		}
	}
	configs, _ = withTiers(configs)
	s.mu.Lock()
	s.configs = configs // of accounts that come after this
	s.mu.Unlock()
	_, accounts := s.everyone()
	for _, a := range accounts {
		a.setFaults(configs)
	}
	return nil
}

func (a *account) setFaults(configs []provider.Config) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for i, m := range a.models {
		m.SetFaults(now, &configs[i])
	}
}
