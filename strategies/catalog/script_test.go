package catalog_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/strategytest"
)

// TestScripts replays the scripts of all strategies, testdata/*.txt beside their code: what the application and the provider do
// goes in, everything the strategy says comes out. With -rewrite the expected
// traces are replaced by the actual ones; commit only a diff you can explain.
//
// The commands:
//
//	deployments            one a line: NAME [rpm=N] [tpm=N] [ptu] [coordinated] [batch=DISCOUNT]; at first: main rpm=600 tpm=60000
//	tenants                their names, one a line, by number; at first none
//	new STRATEGY k=v ...   starts again at time 0 with this strategy
//	fleet 4 64@3m ...      how many instances there are, and from when; at first 1
//	refused                what one call does whose attempts are all answered alike; for each line, anew at time 0:
//	                       STATUS|timeout [HEADER:VALUE ...], where date+30 is the date in 30 s. Prints its waits,
//	                       to the millisecond, and why it failed
//	run [until=T]          plays the lines below it, then fires timers until none is left, or T
//
// The lines of run, each at its time:
//
//	0s submit a [prompt=N] [max=N] [deadline=TIME] [tenant=N] [priority=N]
//	1s reply a|a#1 STATUS|timeout [retry-after=D] [limit=LIMIT, as wire names them] [used=PROMPT+OUTPUT]
//	      [limit-tokens=N] [remaining-tokens=N] [reset-tokens=D], and the same of requests
//	2s cancel a
//	1s answer a|- 200 [wait=D]|429|503|timeout [limit=oversize] [shares=REQUESTS+TOKENS]
//
// Calls are named by letters in the order in which they are submitted.
func TestScripts(t *testing.T) {
	ours, _ := filepath.Glob("../testdata/*.txt")
	copied, _ := filepath.Glob("../presets/testdata/*.txt")
	if len(ours) == 0 || len(copied) == 0 {
		t.Fatalf("found %d scripts of our strategies, %d of those copied from elsewhere", len(ours), len(copied))
	}
	scripted := map[string]bool{}
	for _, path := range slices.Concat(ours, copied) {
		s := script{scripted: scripted, deployments: []strategies.Deployment{{Name: "main", RPM: 600, TPM: 60_000}}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "deployments":
				s.deployments = nil
				for line := range strings.Lines(d.Input) {
					s.deployments = append(s.deployments, parseDeployment(line))
				}
				return ""
			case "tenants":
				s.tenants = strings.Fields(d.Input)
				return ""
			case "fleet":
				s.fleet = d.CmdArgs
				return ""
			case "new":
				return s.start(d)
			case "refused":
				return s.refused(t, d)
			case "run":
				return s.run(t, d)
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	}
	for _, name := range catalog.Names() {
		if !scripted[name] {
			t.Errorf("no script shows %s", name)
		}
	}
}

type script struct {
	scripted    map[string]bool // the strategies that scripts have started
	deployments []strategies.Deployment
	tenants     []string
	fleet       []datadriven.CmdArg
	factory     strategies.Factory
	driver      *strategytest.Driver
	calls       map[string]*strategies.Call
	trace       strings.Builder
}

func (s *script) start(d *datadriven.TestData) string {
	args := strategies.Args{}
	for _, a := range d.CmdArgs[1:] {
		args[a.Key] = strings.Join(a.Vals, ",")
	}
	e, ok := catalog.Find(d.CmdArgs[0].Key)
	if !ok {
		return "there is no such strategy"
	}
	factory, errs := e.Build(args, strategies.Env{Deployments: s.deployments, Tenants: s.tenants})
	if len(errs) > 0 {
		return fmt.Sprint(errs)
	}
	env := strategytest.Env()
	env.Deployments, env.Tenants = s.deployments, s.tenants
	if s.fleet != nil {
		env.Instances = s.instances
	}
	s.scripted[e.Name] = true
	s.factory = factory
	s.calls = map[string]*strategies.Call{}
	s.driver = strategytest.NewDriver(factory(env), s.deployments)
	s.driver.Trace = &s.trace
	s.driver.Name = name
	return ""
}

// instances reads the sizes of the fleet.
func (s *script) instances(now clock.Time) (size int) {
	for _, a := range s.fleet {
		n, at, _ := strings.Cut(a.Key, "@")
		if from, _ := time.ParseDuration(at); now >= clock.Time(from) {
			size, _ = strconv.Atoi(n)
		}
	}
	return size
}

func (s *script) refused(t *testing.T, d *datadriven.TestData) string {
	var out strings.Builder
	for line := range strings.Lines(d.Input) {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		r := strategytest.Refusal{Name: line, Headers: map[string]string{}}
		r.Status, _ = strconv.Atoi(words[0]) // "timeout" is status 0
		for _, w := range words[1:] {
			header, value, _ := strings.Cut(w, ":")
			r.Headers[header] = strings.Replace(value, "date+", "DATE+", 1)
		}
		list, why := r.Waits(t, s.factory, 1)
		fmt.Fprintf(&out, "%-40s", line)
		for i := 0; i < len(list); {
			n := 1
			for i+n < len(list) && list[i+n] == list[i] {
				n++
			}
			fmt.Fprint(&out, time.Duration(clock.FromSeconds(list[i])).Round(time.Millisecond))
			if n > 1 {
				fmt.Fprintf(&out, " x%d", n)
			}
			fmt.Fprint(&out, ", ")
			i += n
		}
		fmt.Fprintln(&out, why)
	}
	return out.String()
}

// name returns the letter of the call with this ID.
func name(id uint64) string { return string(rune('a' + id - 1)) }

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	s.trace.Reset()
	for line := range strings.Lines(d.Input) {
		f := strings.Fields(line)
		at, err := time.ParseDuration(f[0])
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.driver.AdvanceTo(clock.Time(at))
		args := parseOptions(f[3:])
		switch f[1] {
		case "submit":
			if want := name(uint64(len(s.calls) + 1)); f[2] != want {
				d.Fatalf(t, "the next call is %s, not %s", want, f[2])
			}
			s.calls[f[2]] = s.driver.Submit(strategies.Call{
				EstimatedPrompt: uint32(args.number("prompt", 0)),
				MaxTokens:       uint32(args.number("max", 0)),
				Deadline:        clock.Time(args.duration("deadline", 0)),
				Tenant:          uint16(args.number("tenant", 0)),
				Priority:        int8(args.number("priority", 0)),
			})
		case "reply":
			s.reply(t, f[2], f[3], args)
		case "answer":
			s.answer(t, f[2], f[3], args)
		case "cancel":
			s.driver.Cancel(s.calls[f[2]])
		default:
			d.Fatalf(t, "unknown line %q", line)
		}
	}
	until := 100 * time.Hour
	if d.HasArg("until") {
		var text string
		d.ScanArgs(t, "until", &text)
		until, _ = time.ParseDuration(text)
	}
	for n := 0; s.driver.Next() <= clock.Time(until) && n < 1000; n++ {
		s.driver.Step()
	}
	for _, v := range s.driver.Violations {
		t.Error(v)
	}
	return s.trace.String()
}

// answer is what the coordinator says.
func (s *script) answer(t *testing.T, call, status string, args options) {
	r := wire.Reply{RetryAfter: args.duration("wait", wire.Absent), Requests: wire.NoQuota, Tokens: wire.NoQuota}
	r.Status, _ = strconv.Atoi(status)
	if args["limit"] == "oversize" {
		r.Limit = wire.Oversize
	}
	if shares := args["shares"]; shares != "" {
		if _, err := fmt.Sscanf(shares, "%d+%d", &r.Requests.Remaining, &r.Tokens.Remaining); err != nil {
			t.Fatal(err)
		}
	}
	s.driver.Answer(s.calls[call], r) // nil for -
}

func (s *script) reply(t *testing.T, call, status string, args options) {
	call, number, one := strings.Cut(call, "#")
	for _, a := range s.driver.InFlight() {
		if a.Call != s.calls[call] || one && number != fmt.Sprint(a.Number) {
			continue
		}
		r := wire.Reply{RetryAfter: args.duration("retry-after", wire.Absent)}
		r.Status, _ = strconv.Atoi(status) // "timeout" is status 0
		r.Tokens = args.quota("tokens")
		r.Requests = args.quota("requests")
		for l := range wire.NumLimits {
			if l.String() == args["limit"] {
				r.Limit = l
			}
		}
		if used := args["used"]; used != "" {
			if _, err := fmt.Sscanf(used, "%d+%d", &r.Prompt, &r.Output); err != nil {
				t.Fatal(err)
			}
		}
		s.driver.Reply(a, r)
		return
	}
	t.Fatalf("no attempt of %s is in flight at %v", call, s.driver.Now())
}

// options are the k=v words of a line.
type options map[string]string

func parseOptions(words []string) options {
	o := options{}
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		o[k] = v
	}
	return o
}

func (o options) number(name string, absent int64) int64 {
	n, err := strconv.ParseInt(o[name], 10, 64)
	if err != nil {
		return absent
	}
	return n
}

func (o options) duration(name string, absent time.Duration) time.Duration {
	d, err := time.ParseDuration(o[name])
	if err != nil {
		return absent
	}
	return d
}

func (o options) quota(of string) wire.Quota {
	return wire.Quota{
		Limit:     o.number("limit-"+of, wire.Absent),
		Remaining: o.number("remaining-"+of, wire.Absent),
		Reset:     o.duration("reset-"+of, wire.Absent),
	}
}

func parseDeployment(line string) strategies.Deployment {
	f := strings.Fields(line)
	o := parseOptions(f[1:])
	_, ptu := o["ptu"]
	_, coordinated := o["coordinated"]
	discount, batch := o["batch"]
	off, _ := strconv.ParseFloat(strings.TrimSuffix(discount, "%"), 64)
	return strategies.Deployment{Coordinated: coordinated, Batch: batch, Discount: off / 100, Name: f[0],
		RPM: o.number("rpm", 0), TPM: o.number("tpm", 0), Provisioned: ptu}
}
