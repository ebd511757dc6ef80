package mock

import (
	"maps"
	"net"
	"net/http"
	"slices"
)

// State is what the server has counted, for the operator.
type State struct {
	Accounts []AccountState `json:"accounts"`
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
}

// State returns what has been counted since the start, or the last Reset.
func (s *Server) State() State {
	s.mu.Lock()
	names := make([]string, 0, len(s.accounts))
	accounts := make([]*account, 0, len(s.accounts))
	for _, name := range slices.Sorted(maps.Keys(s.accounts)) {
		names, accounts = append(names, name), append(accounts, s.accounts[name])
	}
	s.mu.Unlock()
	state := State{Accounts: []AccountState{}}
	for i, a := range accounts {
		state.Accounts = append(state.Accounts, AccountState{masked(names[i]), a.state(s.c.Deployments)})
	}
	return state
}

// masked hides most of what may be a key.
func masked(key string) string {
	if len(key) <= 8 {
		return key
	}
	return key[:4] + "…" + key[len(key)-4:]
}

func (a *account) state(deployments []Deployment) []DeploymentState {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	list := make([]DeploymentState, len(a.models))
	for i, m := range a.models {
		charged, perMinute := m.Meter(now)
		t := &m.Tally
		list[i] = DeploymentState{Name: deployments[i].Name, Attempts: a.tally[i].attempts, Refused: a.tally[i].refused, Failed: a.tally[i].failed,
			Admitted: t.Admitted, Charged: charged, PerMinute: perMinute, Billed: [3]int64{t.BilledPrompt, t.BilledCached, t.BilledOutput}}
	}
	for _, t := range a.work.tasks {
		list[t.model].Working++
	}
	return list
}

// Admin returns the operator's endpoints: GET /admin/state and POST
// /admin/reset. They belong on an address of their own. A browser that was
// led there by another site's name is refused.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/state", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.State()) })
	mux.HandleFunc("POST /admin/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); ip == nil && host != "localhost" || r.Header.Get("Origin") != "" {
			http.Error(w, "ask by address, and not from a web page", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
