// Package ui is the page of `ratesim ui`: the comparison in a browser, with sliders. The
// server simulates and draws; the page sends what was chosen as a query and puts the
// parts of the answer in their places. It holds no result of its own, so all that a page
// shows can be had again from its URL.
package ui

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"ratesim/provider/catalog"
	"ratesim/reports/page"
	"ratesim/scenarios"
)

// Config says what the page starts with.
type Config struct {
	Catalog *catalog.Catalog
	Start   *scenarios.File // the scenario that is shown first
	Name    string          // of that scenario: as it was named, or of an embedded one
	Version string          // of the program
}

// The bounds of what the pages of one program may take.
const (
	mostUpload = 256 << 20 // bytes of a file, unpacked
	mostPages  = 8         // that run at a time
)

//go:embed assets
var assets embed.FS

type server struct {
	Config
	token string
	hosts []string // by which the page may be asked for
	files files
	pages pages

	grounds grounds
}

// newServer makes the server; close removes what was uploaded.
func newServer(c Config, hosts []string) (*server, error) {
	dir, err := os.MkdirTemp("", "ratesim-ui-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for logs: %w", err)
	}
	s := &server{Config: c, token: rand.Text(), hosts: hosts}
	s.files.dir, s.files.most = dir, mostUpload
	s.files.known = summaries{}
	return s, nil
}

func (s *server) close() error { return os.RemoveAll(s.files.dir) }

// start is what the page calls the scenario that it starts with.
func (s *server) start() string { return s.Name }

// handler returns the routes, all below the token.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.show)
	mux.HandleFunc("GET /panel", s.panel)
	mux.HandleFunc("GET /run", s.run)
	mux.HandleFunc("GET /scenario.yaml", s.scenario)
	mux.HandleFunc("GET /report.html", s.report)
	mux.HandleFunc("POST /keep", s.keep)
	mux.HandleFunc("POST /files", s.upload)
	for _, name := range []string{"ui.css", "ui.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, assets, "assets/"+name) })
	}
	for name, text := range map[string]string{"page.css": page.Style(), "page.js": page.Script()} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, name, time.Time{}, strings.NewReader(text))
		})
	}
	return s.guard(http.NewCrossOriginProtection().Handler(mux))
}

// policy is what the page may do: nothing that reaches another host.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// guard lets those requests through that know the token and call this machine by its own
// name: the name of a foreign page may have been rebound to this address.
func (s *server) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("Referrer-Policy", "no-referrer") // the address has the token
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		known := false
		for _, host := range s.hosts {
			known = known || strings.EqualFold(r.Host, host)
		}
		if !known {
			http.Error(w, fmt.Sprintf("The host %q is not allowed here. Open the address that ratesim ui printed.", r.Host), http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
			http.Error(w, "This page takes nothing from other origins.", http.StatusForbidden)
			return
		}
		token, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1 {
			http.Error(w, "The address is not complete. Open the one that ratesim ui printed; each start has a new one.", http.StatusForbidden)
			return
		}
		inner := r.Clone(r.Context())
		inner.URL.Path = "/" + rest
		h.ServeHTTP(w, inner)
	})
}

// Serve answers on this machine only, at the port or at a free one if that is 0, until
// ctx ends. It tells ready the address of the page.
func Serve(ctx context.Context, c Config, port int, ready func(address string)) error {
	listeners, hosts, err := listen(port)
	if err != nil {
		return err
	}
	s, err := newServer(c, hosts)
	if err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	web := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- web.Serve(l) }()
	}
	ready(fmt.Sprintf("http://%s/%s/", listeners[0].Addr(), s.token))
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, web.Close(), s.close()) // a page that runs does not keep the program
}

// listen opens the port of 127.0.0.1 and, where there is IPv6, of ::1. It returns the
// names by which that is reached.
func listen(port int) ([]net.Listener, []string, error) {
	first, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, nil, fmt.Errorf("--port %d: %w", port, err)
	}
	port = first.Addr().(*net.TCPAddr).Port
	list := []net.Listener{first}
	hosts := []string{fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("localhost:%d", port)}
	if second, err := net.Listen("tcp6", fmt.Sprintf("[::1]:%d", port)); err == nil { // not every machine has it
		list, hosts = append(list, second), append(hosts, fmt.Sprintf("[::1]:%d", port))
	}
	return list, hosts, nil
}

func closeAll(list []net.Listener) error {
	var err error
	for _, l := range list {
		err = errors.Join(err, l.Close())
	}
	return err
}
