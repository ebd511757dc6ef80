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

	"ratesim/provider/mock"
)

// Config is what an operator can look at and change.
type Config struct {
	Server  *mock.Server
	Monitor *Monitor
	Faults  List
	Scripts List
	Hosts   []string // names the handler may be called by beside localhost
}

// List is a list in YAML that can be replaced while the server runs.
type List struct {
	Text []byte                  // the list in force; empty = none
	Set  func(list []byte) error // puts a list in force, or says what is wrong with it
}

// MaxList bounds a list of faults or of scripts, in bytes.
const MaxList = 1 << 20

// admin is the handler's state.
type admin struct {
	Config
	mu sync.Mutex // of the lists
}

// New returns the handler: GET /metrics for Prometheus, GET /admin/state, POST
// /admin/reset, GET and PUT /admin/faults (a list as in a scenario), GET and PUT
// /admin/scripts and GET /admin/conformance.
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
	for path, list := range map[string]*List{"/admin/faults": &a.Faults, "/admin/scripts": &a.Scripts} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { a.show(w, list) })
		mux.HandleFunc("PUT "+path, func(w http.ResponseWriter, r *http.Request) { a.put(w, r, list) })
	}
	mux.HandleFunc("GET /admin/conformance", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, a.Monitor.Report())
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

func (a *admin) show(w http.ResponseWriter, l *List) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text := l.Text
	if len(text) == 0 {
		text = []byte("[]\n")
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(text) // a client that is gone reads nothing
}

func (a *admin) put(w http.ResponseWriter, r *http.Request, l *List) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxList))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		http.Error(w, fmt.Sprintf("the list is larger than %d bytes", MaxList), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "reading the list: "+err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := l.Set(text); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.Text = text
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that is gone reads nothing
}
