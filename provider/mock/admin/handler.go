package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
)

// Config is what an operator can look at and change.
type Config struct {
	Server  *mock.Server
	Monitor *Monitor
	// ParseFaults reads a list of faults and returns those of each of the server's
	// deployments.
	ParseFaults func(list []byte) ([][]provider.Fault, error)
	Faults      []byte   // the list in force; empty = none
	Hosts       []string // names the handler may be called by beside localhost
}

// MaxFaults bounds a list of faults, in bytes.
const MaxFaults = 1 << 20

// admin is the handler's state.
type admin struct {
	Config
	mu sync.Mutex // of Faults
}

// New returns the handler: GET /metrics for Prometheus, GET /admin/state, POST
// /admin/reset, GET and PUT /admin/faults (a list as in a scenario) and GET
// /admin/conformance.
//
// It asks for no password; who reaches the address may use it. A browser that
// does cannot be made to by a foreign page: a host must be an IP address,
// localhost or one of Hosts, since a name may have been rebound to this address,
// and whatever changes something must not come from another origin.
func New(c Config) http.Handler {
	a := &admin{Config: c}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics())
	mux.HandleFunc("GET /admin/state", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, a.Server.State()) })
	mux.HandleFunc("POST /admin/reset", func(w http.ResponseWriter, _ *http.Request) {
		a.Server.Reset()
		a.Monitor.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /admin/faults", a.showFaults)
	mux.HandleFunc("PUT /admin/faults", a.putFaults)
	mux.HandleFunc("GET /admin/conformance", func(w http.ResponseWriter, _ *http.Request) {
		grades := a.Monitor.Grades()
		writeJSON(w, struct {
			Grade conformance.Level   `json:"grade"`
			Keys  []conformance.Grade `json:"keys"`
		}{conformance.Overall(grades), grades})
	})
	return a.local(http.NewCrossOriginProtection().Handler(mux))
}

// metrics returns the handler of /metrics, with a registry of its own.
func (a *admin) metrics() http.Handler {
	m := a.Monitor
	accounts := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ratesim_accounts", Help: "Accounts that have called since the last reset."},
		func() float64 { return float64(len(a.Server.State().Accounts)) })
	r := prometheus.NewRegistry()
	r.MustRegister(m.requests, m.tokens, m.duration, m.inFlight, accounts, // of different names: cannot fail
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// local lets only those requests through that name this machine.
func (a *admin) local(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		_, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil && !strings.EqualFold(host, "localhost") && !slices.Contains(a.Hosts, host) {
			http.Error(w, fmt.Sprintf("host %q is not allowed here: use localhost or an IP address", host), http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func (a *admin) showFaults(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.Faults
	if len(list) == 0 {
		list = []byte("[]\n")
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(list) // a client that is gone reads nothing
}

func (a *admin) putFaults(w http.ResponseWriter, r *http.Request) {
	list, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxFaults))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		http.Error(w, fmt.Sprintf("the list is larger than %d bytes", MaxFaults), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "reading the list: "+err.Error(), http.StatusBadRequest)
		return
	}
	faults, err := a.ParseFaults(list)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.Server.SetFaults(faults); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.Faults = list
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that is gone reads nothing
}
