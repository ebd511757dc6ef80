package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
	"ratesim/provider/mock/admin"
	"ratesim/provider/tokens"
	"ratesim/scenarios"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	providers   []string
	aliases     []string
	anyModel    bool
	addr, admin string
	catalog     string
	keys        string
	faults      string
	script      string
	answers     string
	portFile    string
	log         string
	speed       float64
	seed        uint64
	bounds      mock.Bounds
	drain       time.Duration
	trustBench  bool
	atOnce      bool
	quiet       bool
	grades      gradeFlags
}

// serveHelp is what the help of serve says before the flags.
const serveHelp = `Serve answers as a vendor does, with its endpoints, limits, headers and errors.
Point the base URL of a client at it and use any API key; each key is an account of
its own. Ctrl-C ends it when all open requests are answered, or after the time that
--drain says; what is open then is cut off. A second Ctrl-C ends it at once.

With --script, the attempts of each call get the replies of a file one after another,
such as 429, 429 and 200. docs/howto/client.md describes the file.

Answers have the shape that a request asks for: JSON that satisfies the schema, a call
of a tool where one is required, several choices, embeddings as wide as the model's.
What they say is made up, and the same each time. With --answers, the first answer of a
file that matches a request is what the model says. docs/howto/client.md describes the
file, and what is answered otherwise.

A test can let --addr 127.0.0.1:0 take a free port. As soon as the server listens,
the file of --port-file has the port in its first line, and the port of --admin in its
second. The file appears as a whole, and is removed when the server ends.

The address of --admin is for the operator: GET /metrics for Prometheus, GET
/admin/state, POST /admin/reset, GET and PUT /admin/faults, GET and PUT
/admin/scripts, and GET /admin/conformance. It asks for no password, and it refuses
what a browser sends for a page of another site.

--log writes one line of JSON about each request when its answer is over: whose it was,
what it asked for, what was decided and why, and what was charged. docs/howto/client.md
describes the fields.

On a terminal, serve shows what it is doing: requests a second, open requests, answers with
429 by the limit that refused, and what is left of each limit for the busiest accounts. It
does not where it runs in the background, with --quiet, with --log - or with --port-file,
which says that a program has started it.

With --conformance it grades each client by rules, which 'ratesim list rules' explains,
and prints the grades in the format of -o when it ends. The exit code is 3 if a client
fails a rule. It is 4 if nothing failed, but nothing exercised a rule, or nobody can tell
whether a client keeps it. --allow-untested accepts that, except where no client sent a
request. With --fail-on, the named rules decide, and the others only inform. In other
formats than a table, what serve says when it starts goes to standard error.

Clients can make it hold so much memory and no more: --max-memory bounds the bytes of
all requests that are being read at one time, --max-stored those of all files and
batches, and --max-accounts the accounts, each of some kilobytes. One account has half
of the first and 64 MiB of the second. A request counts twice its size, and nothing up
to 64 KiB. What passes a bound is refused with 503, or 413 for files. When there are
too many accounts, the one that was idle for the longest time is forgotten, with its
files; if that is less than a minute, the new one is refused with 503 and a
Retry-After. Long answers are sent piece by piece.

A model may be named by any id that clients use for it: gpt-4o-2024-08-06,
claude-sonnet-4-5, us.anthropic.claude-sonnet-4-5-20250929-v1:0 or openai/gpt-4o. Other
names, such as those of your deployments on Azure, are mapped with --alias. A request
with a name that nothing serves gets the vendor's error, which says what is served.

Every request is admitted or refused by an estimate of its prompt, a quarter of its
characters, as vendors do. Prompts that are admitted are counted, and answers tell how
many tokens they have.

Serve listens on this machine only, unless --addr says otherwise.`

func serveCommand(s *streams) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve a mock provider over HTTP, to test clients against",
		Long:  serveHelp,
		Example: `  ratesim serve --provider openai/gpt-4o@tier-1
  ratesim serve --provider openai/gpt-4o@tier-1 --provider small=anthropic/claude-sonnet-4.5@start --speed 60
  ratesim serve --provider openai/gpt-4o-mini@tier-1 --keys keys.csv --faults faults.yaml --conformance`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.serve(c, s) },
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.providers, "provider", []string{"openai/gpt-4o@tier-1"}, "serve this deployment of the catalog, `[NAME=]REF`; may be repeated")
	fl.StringArrayVar(&f.aliases, "alias", nil, "let requests use this name for a deployment, `NAME=DEPLOYMENT`; may be repeated")
	fl.BoolVar(&f.anyModel, "any-model", false, "answer to every name of a model: what no deployment has, the first of that vendor answers")
	fl.StringVar(&f.addr, "addr", "127.0.0.1:8080", "listen on this `ADDRESS`; port 0 takes a free one")
	fl.StringVar(&f.admin, "admin", "127.0.0.1:0", "`ADDRESS` of the operator's endpoints; empty for none")
	fl.StringVar(&f.keys, "keys", "", "only let in the keys of a CSV `FILE` with key,account[,tenant]")
	fl.StringVar(&f.faults, "faults", "", "YAML `FILE` with a list of faults, written as in a scenario")
	fl.StringVar(&f.script, "script", "", "YAML `FILE` with scripts: the replies that calls get one after another")
	fl.StringVar(&f.answers, "answers", "", "YAML `FILE` with recorded answers: what models say to requests that match")
	fl.StringVar(&f.portFile, "port-file", "", "write the ports of --addr and --admin to this `FILE` when the server listens")
	fl.StringVar(&f.log, "log", "", "write a line of JSON about each request to this `FILE`; - is standard error")
	fl.Float64Var(&f.speed, "speed", 1, "let `X` seconds pass for the provider in one real second, for limits, latency and waits alike")
	fl.Uint64Var(&f.seed, "seed", 1, "`SEED` of all random draws")
	fl.Int64Var(&f.bounds.Body, "max-body", 32<<20, "refuse requests of more than `N` bytes")
	fl.Int64Var(&f.bounds.Bodies, "max-memory", 512<<20, "read requests of `N` bytes at most at one time; more than four times --max-body")
	fl.Int64Var(&f.bounds.Stored, "max-stored", 1<<30, "keep `N` bytes of files and batches at most")
	fl.IntVar(&f.bounds.Accounts, "max-accounts", 1<<16, "keep `N` accounts at most")
	fl.DurationVar(&f.drain, "drain", 30*time.Second, "at the end, wait for open requests for this `DURATION` at most")
	fl.BoolVar(&f.trustBench, "trust-bench", false, "let the header Ratesim-Facts of ratesim bench say what a request costs; for clients that you trust")
	fl.BoolVar(&f.atOnce, "no-latency", false, "answer without latency; limits stay as they are")
	fl.BoolVar(&f.quiet, "quiet", false, "show no live view on a terminal")
	f.grades.register(fl)
	catalogFlag(fl, &f.catalog)
	return c
}

// server is what the flags ask for.
type server struct {
	config  mock.Config
	policy  conformance.Policy
	tenants map[string]string // by API key
	known   []provider.Config // the deployments, by the names they have here
	faults  []byte            // as the file has them
	scripts []byte            // likewise
}

// read reads what the flags name.
func (f *serveFlags) read(ctx context.Context) (*server, error) {
	known, err := readCatalog(ctx, f.catalog)
	if err != nil {
		return nil, err
	}
	switch {
	case !(f.speed >= 0.01 && f.speed <= 10_000):
		return nil, fmt.Errorf("--speed takes 0.01 to 10000, got %v", f.speed)
	case min(f.bounds.Body, f.bounds.Stored, int64(f.bounds.Accounts)) < 1:
		return nil, fmt.Errorf("--max-body, --max-stored and --max-accounts take at least 1, got %d, %d and %d", f.bounds.Body, f.bounds.Stored, f.bounds.Accounts)
	case f.bounds.Bodies/4 <= f.bounds.Body:
		return nil, fmt.Errorf("--max-memory takes more than four times --max-body, %d, got %d", f.bounds.Body, f.bounds.Bodies)
	case f.drain < 0:
		return nil, fmt.Errorf("--drain takes at least 0s, got %v", f.drain)
	case !slices.Contains(gradeOutputs, f.grades.output):
		return nil, unknown("--output", f.grades.output, gradeOutputs)
	case f.addr == f.admin && !strings.HasSuffix(f.addr, ":0"):
		return nil, fmt.Errorf("--addr and --admin are both %s: the operator needs an address of its own", f.addr)
	}
	policy, err := f.grades.policy()
	if err != nil {
		return nil, err
	}
	counter := tokens.New()
	v := &server{policy: policy, config: mock.Config{Speed: f.speed, Seed: f.seed, Bounds: f.bounds, TrustBench: f.trustBench, Count: counter.CountBounded, Overhead: tokens.Overhead}}
	for _, p := range f.providers {
		name, ref, ok := strings.Cut(p, "=")
		if !ok {
			name, ref = "", p
		}
		d, err := known.Find(ref)
		if err != nil {
			return nil, fmt.Errorf("--provider %s: %w", p, err)
		}
		d.Name = cmp.Or(name, d.Model)
		if slices.ContainsFunc(v.known, func(other provider.Config) bool { return other.Name == d.Name }) {
			return nil, fmt.Errorf("--provider %s: there is a deployment called %s already; give this one a name, such as --provider second=%s", p, d.Name, ref)
		}
		if f.atOnce {
			d.Latency = provider.Latency{}
		}
		counter.Count(d.Model, "a") // unpacks its vocabulary, so that no client waits for it
		v.known = append(v.known, d)
		v.config.Deployments = append(v.config.Deployments, mock.Deployment{Name: name, Config: d})
	}
	if err := f.readAliases(v); err != nil {
		return nil, err
	}
	if f.keys != "" {
		data, err := readInput(ctx, f.keys, maxKeysFile)
		if err != nil {
			return nil, fmt.Errorf("--keys: %w", err)
		}
		keys, err := mock.ParseKeys(f.keys, data)
		if err != nil {
			return nil, err
		}
		v.config.Keys, v.tenants = keys.Accounts, keys.Tenants
	}
	return v, f.readLists(ctx, v)
}

func (f *serveFlags) serve(c *cobra.Command, s *streams) error {
	v, err := f.read(c.Context())
	if err != nil {
		return inputError{err}
	}
	monitor := admin.NewMonitor(f.speed, v.tenants, v.policy)
	v.config.Watch = monitor.Watch
	view := f.newLive(s)
	log := &requestLog{name: f.log, above: view.above}
	if f.log != "" || view != nil {
		v.config.Record = func(r mock.Record) {
			log.record(r)
			view.record(r)
		}
	}
	served, err := mock.New(v.config)
	if err != nil {
		return inputError{err}
	}
	warnCrowded(s, v.config.Keys, f.bounds.Accounts)
	if info, err := os.Lstat(f.portFile); err == nil && info.Mode().IsRegular() {
		_ = os.Remove(f.portFile) // of a server that was killed; writing it tells what is wrong
	}
	endpoints, err := f.listen(s, view.measure(monitor.Measure(served)), v.operator(served, monitor, f.admin))
	if err != nil {
		return err
	}
	if err := log.open(c.Context(), s, v.tenants); err != nil {
		return errors.Join(err, shut(endpoints))
	}
	removed, err := writePorts(f.portFile, endpoints)
	if err != nil {
		return err
	}
	defer removed()
	out := s.out
	if f.grades.output != "table" { // it is for the report alone
		out = s.err
	}
	for i := range v.known {
		fmt.Fprintf(printable{out}, "%s: %s\n", v.known[i].Name, v.known[i].Ref)
	}
	fmt.Fprintf(out, "listening on http://%s\n", endpoints[0].Listener.Addr())
	if len(endpoints) > 1 {
		fmt.Fprintf(out, "admin on http://%s\n", endpoints[1].Listener.Addr())
	}
	view.start(c.Context(), served)
	err = mock.Serve(c.Context(), f.drain, endpoints...)
	view.stop()
	if errors.Is(err, mock.ErrCut) {
		fmt.Fprintf(s.err, "ratesim: warning: %v after %v (--drain)\n", mock.ErrCut, f.drain)
		err = nil // the clients hear of it, and the grades are those of all that was decided
	}
	warnUnused(s, served)
	if f.grades.on {
		err = cmp.Or(err, f.grades.print(s, monitor.Report()))
	}
	return log.close(s, err)
}

// operator returns the operator's handler.
func (v *server) operator(served *mock.Server, monitor *admin.Monitor, address string) http.Handler {
	c := admin.Config{Server: served, Monitor: monitor, Faults: admin.List{Text: v.faults}, Scripts: admin.List{Text: v.scripts}}
	c.Faults.Set = func(text []byte) error {
		lists, err := scenarios.ParseFaults("faults", text, v.known)
		if err != nil {
			return err
		}
		return served.SetFaults(lists)
	}
	c.Scripts.Set = func(text []byte) error {
		scripts, err := scenarios.ParseScripts("scripts", text)
		if err != nil {
			return err
		}
		served.SetScripts(scripts)
		return nil
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		c.Hosts = []string{host}
	}
	return admin.New(c)
}

// listenError tells an address that is none from one that cannot be had.
func listenError(flag string, err error) error {
	err = fmt.Errorf("%s: %w", flag, err)
	if errors.As(err, new(*net.AddrError)) {
		return inputError{err}
	}
	return err
}

// listen opens the addresses, the operator's if there is one.
func (f *serveFlags) listen(s *streams, public, operator http.Handler) ([]mock.Endpoint, error) {
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		return nil, listenError("--addr", err)
	}
	warnExposed(s, "--addr", l)
	endpoints := []mock.Endpoint{{Listener: l, Handler: public}}
	if f.admin == "" {
		return endpoints, nil
	}
	if l, err = net.Listen("tcp", f.admin); err != nil {
		return nil, errors.Join(listenError("--admin", err), endpoints[0].Listener.Close())
	}
	warnExposed(s, "--admin", l)
	return append(endpoints, mock.Endpoint{Listener: l, Handler: operator}), nil
}

// warnCrowded says when a file of keys has more accounts than the server keeps.
func warnCrowded(s *streams, keys map[string]string, most int) {
	accounts := map[string]bool{}
	for _, account := range keys {
		accounts[account] = true
	}
	if n := len(accounts); n > most {
		fmt.Fprintf(s.err, "ratesim: warning: --keys has %d accounts and --max-accounts is %d: when more of them call within a minute, the others get 503\n", n, most)
	}
}

// warnExposed says when others than this machine reach a listener.
func warnExposed(s *streams, flag string, l net.Listener) {
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		fmt.Fprintf(s.err, "ratesim: warning: %s %s can be reached from other machines\n", flag, l.Addr())
	}
}
