package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/provider/tokens"
	"ratesim/scenarios"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	providers   []string
	addr, admin string
	catalog     string
	keys        string
	faults      string
	speed       float64
	seed        uint64
	maxBody     int64
}

func serveCommand(s *streams) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "the mock provider as an HTTP server",
		Long: `Serve answers as a vendor does: its endpoints, its limits, its headers, its
errors. Point a client's base URL at it, with any API key: each key is an account
of its own. What needs no key is on the admin address: GET /admin/state, POST
/admin/reset.

It listens on this machine only, unless --addr says otherwise.`,
		Example: `  ratesim serve --provider openai/gpt-4o@tier-1
  ratesim serve --provider openai/gpt-4o@tier-1 --provider small=anthropic/claude-sonnet-4.5@start --speed 60`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.serve(c, s) },
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.providers, "provider", []string{"openai/gpt-4o@tier-1"}, "a deployment of the catalog, `[NAME=]REF`; repeat it for several")
	fl.StringVar(&f.addr, "addr", "127.0.0.1:8080", "where to listen; port 0 takes a free one")
	fl.StringVar(&f.admin, "admin", "127.0.0.1:0", "where the operator's endpoints are; empty = nowhere")
	fl.StringVar(&f.keys, "keys", "", "CSV `FILE` of key,account[,tenant]; only these keys are let in")
	fl.StringVar(&f.faults, "faults", "", "YAML `FILE` with a list of faults, as a scenario has them")
	fl.Float64Var(&f.speed, "speed", 1, "seconds that pass for the provider in a real one: limits, latency and waits alike")
	fl.Uint64Var(&f.seed, "seed", 1, "of all that is random")
	fl.Int64Var(&f.maxBody, "max-body", 32<<20, "the most bytes of a request")
	catalogFlag(fl, &f.catalog)
	return c
}

// config reads what the flags say of deployments.
func (f *serveFlags) config() (mock.Config, error) {
	c := mock.Config{Speed: f.speed, Seed: f.seed, MaxBody: f.maxBody}
	known, err := readCatalog(f.catalog)
	if err != nil {
		return c, err
	}
	switch {
	case !(f.speed >= 0.01 && f.speed <= 10_000):
		return c, fmt.Errorf("--speed takes 0.01 to 10000, got %v", f.speed)
	case f.maxBody < 1:
		return c, fmt.Errorf("--max-body takes at least 1, got %d", f.maxBody)
	}
	for _, p := range f.providers {
		name, ref, ok := strings.Cut(p, "=")
		if !ok {
			name, ref = "", p
		}
		d, err := known.Find(ref)
		if err != nil {
			return c, fmt.Errorf("--provider %s: %w", p, err)
		}
		c.Deployments = append(c.Deployments, mock.Deployment{Name: name, Config: d})
	}
	counter := tokens.New()
	c.Count, c.Overhead = counter.Count, tokens.Overhead
	return c, f.files(&c)
}

// files reads the files that the flags name.
func (f *serveFlags) files(c *mock.Config) error {
	if f.keys != "" {
		data, err := os.ReadFile(f.keys)
		if err != nil {
			return fmt.Errorf("--keys: %w", err)
		}
		keys, err := mock.ParseKeys(f.keys, data)
		if err != nil {
			return err
		}
		c.Keys = keys.Accounts
	}
	if f.faults == "" {
		return nil
	}
	data, err := os.ReadFile(f.faults)
	if err != nil {
		return fmt.Errorf("--faults: %w", err)
	}
	var known []provider.Config
	for _, d := range c.Deployments {
		d.Config.Name = cmp.Or(d.Name, d.Config.Model)
		known = append(known, d.Config)
	}
	lists, err := scenarios.ParseFaults(f.faults, data, known)
	if err != nil {
		return err
	}
	for i, list := range lists {
		c.Deployments[i].Config.Faults = list
	}
	return nil
}

func (f *serveFlags) serve(c *cobra.Command, s *streams) error {
	config, err := f.config()
	if err != nil {
		return inputError{err}
	}
	server, err := mock.New(config)
	if err != nil {
		return inputError{err}
	}
	public, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	var admin net.Listener
	if f.admin != "" {
		if admin, err = net.Listen("tcp", f.admin); err != nil {
			return errors.Join(fmt.Errorf("--admin: %w", err), public.Close())
		}
	}
	for _, l := range []net.Listener{public, admin} {
		if l == nil {
			continue
		}
		if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
			fmt.Fprintf(s.err, "ratesim: warning: %s can be reached from other machines\n", l.Addr())
		}
	}
	for i := range config.Deployments {
		d := &config.Deployments[i]
		fmt.Fprintf(s.out, "%s: %s of %s\n", d.Name, d.Config.Model, d.Config.Vendor)
	}
	fmt.Fprintf(s.out, "listening on http://%s\n", public.Addr())
	if admin != nil {
		fmt.Fprintf(s.out, "admin on http://%s/admin/state\n", admin.Addr())
	}
	return server.Serve(c.Context(), public, admin)
}
