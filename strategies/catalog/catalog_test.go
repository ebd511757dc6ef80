package catalog_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/strategytest"
)

// build makes the factory of a catalog entry, which must accept args.
func build(t rapid.TB, name string, args strategies.Args, deployments []strategies.Deployment) strategies.Factory {
	t.Helper()
	e, ok := catalog.Find(name)
	if !ok {
		t.Fatalf("there is no strategy %q", name)
	}
	f, errs := e.Build(args, strategies.Env{Deployments: deployments})
	if errs != nil {
		t.Fatalf("%s %v: %v", name, args, errs)
	}
	return f
}

func TestLaws(t *testing.T) {
	for _, e := range catalog.Entries() {
		t.Run(e.Name, func(t *testing.T) {
			strategytest.Run(t, build(t, e.Name, nil, strategytest.Env().Deployments))
		})
	}
	for name, args := range map[string]strategies.Args{
		"token-bucket": {"fair": "false", "max_elapsed": "1m"},
		"queue":        {"order": "fair", "workers": "3", "max_queue": "5", "reserve": "false"},
		"header-aware": {"max_elapsed": "1m", "jitter": "decorrelated", "hold_above": "100%", "slow_below": "100%"},
		"ptu":          {"return_after": "1m", "spill_on": "429,503", "primary": "spare"},
		"jitter":       {"jitter": "decorrelated", "base": "0s", "max_elapsed": "20s"},
		"layers":       {"layers": "azcore, go-retryablehttp"},

		"token-bucket/smooth":     {"smooth": "true"},
		"token-bucket/part":       {"rpm": "50", "tpm": "9000", "share": "30%", "margin": "10%"},
		"queue/part":              {"rpm": "50", "tpm": "9000", "share": "30%", "margin": "10%"},
		"token-bucket/both":       {"smooth": "true", "fair": "false"},
		"sdk:cookbook-parallel@1": {"pause": "15s", "rpm": "60", "tpm": "60000"},
		"sdk:langchain-limiter@1": {"requests_per_second": "2.5", "max_bucket_size": "7.5", "check_every": "700ms"},
		"article:bucket":          {"capacity": "4000", "refill": "1000", "estimated_tokens": "0"},
		"article:queue":           {"rpm": "20", "workers": "3"},
		"article:batch-sleep":     {"mean_tokens": "5000"},

		"breaker": {"failures": "1", "open_for": "1ms", "wait_timeout": "1ms"},
		"route":   {"order": "spare, main", "when": "429, 503, 500"},
		"compose": {"pace": "header-aware", "route": "main, spare, reserved", "order": "fair", "workers": "3", "max_queue": "9",
			"wait_timeout": "5s", "budget": "10%", "min_per_s": "1", "breaker": "2", "open_for": "3s"},
		"compose/batch":         {"batch": "bulk", "latency_ok": "1s", "pace": "windows", "order": "fair"},
		"compose/bucket":        {"pace": "token-bucket", "route": "main, spare", "capacity": "2000", "refill": "100", "breaker": "3", "order": "priority"},
		"compose/windows":       {"pace": "windows", "reserve": "false", "route": "spare, main", "retry": "naive", "when": "429, 400"},
		"compose/adaptive":      {"pace": "adaptive", "route": "reserved, main", "retry": "fixed"},
		"compose/paced":         {"pace": "paced", "retry": "jitter", "jitter": "decorrelated"},
		"compose/paced-to":      {"pace": "paced", "route": "main, spare", "order": "priority", "breaker": "2"},
		"shared":                {"on_outage": "closed", "wait_timeout": "5s", "max_elapsed": "20s"},
		"lease":                 {"length": "1s", "burst": "1ms"},
		"queue/learned":         {"estimator": "learned"},
		"token-bucket/learned":  {"estimator": "learned", "fair": "false"},
		"token-bucket/fixed":    {"estimator": "fixed", "fixed_tokens": "300"},
		"tenant-fair/learned":   {"estimator": "learned"},
		"header-aware/most":     {"estimator": "max_tokens"},
		"paced/learned":         {"estimator": "learned"},
		"compose/learned":       {"estimator": "learned", "pace": "windows", "route": "main, spare", "order": "fair", "batch": "bulk"},
		"compose/split":         {"pace": "split", "order": "fair"},
		"compose/hedge":         {"hedge": "50%", "hedge_share": "100%", "route": "main, spare", "breaker": "2", "workers": "5", "max_elapsed": "2m"},
		"compose/hedge-windows": {"hedge": "50%", "hedge_share": "100%", "pace": "windows", "order": "fair", "retry": "none"},
		"compose/hedge-bucket":  {"hedge": "50%", "hedge_share": "100%", "pace": "token-bucket", "budget": "100%"},
		"compose/hedge-headers": {"hedge": "50%", "hedge_share": "100%", "pace": "header-aware"},
		"compose/hedge-paced":   {"hedge": "50%", "hedge_share": "100%", "pace": "paced", "jitter": "decorrelated"},
		"compose/hedge-batch":   {"hedge": "60%", "hedge_share": "100%", "pace": "adaptive", "batch": "bulk", "latency_ok": "1s"},
		"compose/shares":        {"burst": "10ms", "order": "fair", "retry": "none"},
		"paper:wb":              {"workers": "1", "limit": "2"},
		"aimd":                  {"decrease": "0", "floor": "1e6", "recover": "1ms"},
	} {
		t.Run(name+"/other", func(t *testing.T) {
			name, _, _ := strings.Cut(name, "/")
			env := strategytest.Env()
			if args["burst"] != "" {
				env.Deployments = env.Deployments[:1] // those without a limit have no shares
			}
			strategytest.Run(t, build(t, name, args, env.Deployments))
		})
	}
}

// contract is what users' files depend on: names, parameters and defaults, as
// documented. Composed strategies also take the parameters of their retries.
type contract struct {
	name   string
	params strategies.Args
}

func contracts() []contract {
	backoff := strategies.Args{"base": "1s", "factor": "2", "max_delay": "60s", "base_5xx": "", "max_retries": "6", "max_elapsed": "0s"}
	jitter := with(backoff, strategies.Args{"jitter": "25%"})
	after := with(jitter, strategies.Args{"spread": "10%", "max_wait": "120s"})
	return slices.Concat([]contract{
		{"none", strategies.Args{}},
		{"naive", strategies.Args{"max_retries": "6", "max_elapsed": "0s"}},
		{"fixed", strategies.Args{"delay": "1s", "max_retries": "6", "max_elapsed": "0s"}},
		{"backoff", backoff},
		{"jitter", jitter},
		{"retry-after", after},
		{"token-bucket", with(after, strategies.Args{"rpm": "", "tpm": "", "share": "", "margin": "0%", "capacity": "", "refill": "", "wait_timeout": "30s", "fair": "true", "smooth": "false", "estimator": "", "fixed_tokens": "1000"})},
		{"queue", with(after, strategies.Args{"rpm": "", "tpm": "", "share": "", "margin": "0%", "workers": "10", "max_queue": "0", "order": "fifo", "weights": "", "reserve": "true", "estimator": "", "fixed_tokens": "1000"})},
		{"header-aware", with(after, strategies.Args{"slow_below": "20%", "hold_above": "80%", "estimator": "", "fixed_tokens": "1000"})},
		{"ptu", with(after, strategies.Args{"primary": "", "spill": "", "spill_on": "429", "return_after": "0s"})},
		{"route", with(after, strategies.Args{"order": "", "when": "429"})},
		{"tenant-fair", with(after, strategies.Args{"rpm": "", "tpm": "", "share": "", "margin": "0%", "weights": "", "burst": "60s", "workers": "10", "max_queue": "0", "reserve": "true", "estimator": "", "fixed_tokens": "1000"})},
		{"batch", with(after, strategies.Args{"batch": "", "latency_ok": "24h", "discount": "0%"})},
		{"adaptive", with(after, strategies.Args{"increase": "1", "decrease": "50%", "floor": "1"})},
		{"budget", with(jitter, strategies.Args{"ratio": "20%", "min_per_s": "10"})},
		{"breaker", with(jitter, strategies.Args{"failures": "5", "open_for": "30s", "wait_timeout": "30s"})},
		{"paced", strategies.Args{"max_retries": "60", "max_wait": "24h", "stretch": "200", "weights": "", "estimator": "", "fixed_tokens": "1000"}},
		{"compose", with(after, strategies.Args{"retry": "retry-after", "delay": "1s", "pace": "none",
			"rpm": "", "tpm": "", "share": "", "margin": "0%", "capacity": "", "refill": "", "smooth": "false", "reserve": "true", "slow_below": "20%", "hold_above": "80%", "increase": "1", "decrease": "50%", "floor": "1",
			"batch": "", "latency_ok": "24h", "hedge": "", "estimator": "", "fixed_tokens": "1000", "hedge_share": "5%", "order": "fifo", "weights": "", "burst": "", "workers": "0", "max_queue": "0", "wait_timeout": "0s",
			"route": "", "when": "429", "budget": "", "min_per_s": "10", "breaker": "", "open_for": "30s"})},
		{"split", after},
		{"shared", with(after, strategies.Args{"wait_timeout": "120s", "on_outage": "open"})},
		{"lease", with(after, strategies.Args{"length": "10s", "burst": "40s"})},
		{"aimd", with(after, strategies.Args{"decrease": "50%", "recover": "30s", "floor": "1"})},
		{"layers", strategies.Args{"layers": "tenacity, openai-python"}},
	}, presetContracts(), []contract{
		{"paper:ub", strategies.Args{"workers": "0", "max_retries": "60"}},
		{"paper:wb", strategies.Args{"workers": "0", "max_retries": "60", "limit": ""}},
		{"paper:atb", strategies.Args{"workers": "0", "max_retries": "60"}},
		{"oracle", strategies.Args{}},
	})
}

func presetContracts() []contract {
	return []contract{
		{"sdk:openai-python@2", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-python@3.3", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-node@6.25", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-node@6.33", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-node@7.57", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-go@3.24", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-go@3.52", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-go@3.66", strategies.Args{"max_retries": "2"}},
		{"sdk:openai-go@3.96", strategies.Args{"max_retries": "2"}},
		{"sdk:anthropic-python@0.121", strategies.Args{"max_retries": "2"}},
		{"sdk:anthropic-typescript@0.74", strategies.Args{"max_retries": "2"}},
		{"sdk:anthropic-typescript@1.13", strategies.Args{"max_retries": "2"}},
		{"sdk:anthropic-go@1.26", strategies.Args{"max_retries": "2"}},
		{"sdk:anthropic-go@1.84", strategies.Args{"max_retries": "2"}},
		{"sdk:google-genai@2.19", strategies.Args{"max_retries": "0"}},
		{"sdk:azcore@1.24", strategies.Args{"max_retries": "3"}},
		{"sdk:botocore@1.43", strategies.Args{"max_retries": "2"}},
		{"sdk:vercel-ai@7", strategies.Args{"max_retries": "2"}},
		{"sdk:litellm@1", strategies.Args{"max_retries": "2"}},
		{"sdk:tenacity@9", strategies.Args{"max_retries": "5"}},
		{"sdk:cenkalti-backoff@5.0", strategies.Args{"max_retries": "", "max_elapsed": "15m"}},
		{"sdk:go-retryablehttp@0.7", strategies.Args{"max_retries": "4"}},
		{"sdk:failsafe-go@0.9", strategies.Args{"max_retries": "2"}},
		{"article:backoff", strategies.Args{"max_retries": "6"}},
		{"article:headers", strategies.Args{"max_retries": "2"}},
		{"sdk:botocore-adaptive@1.43", strategies.Args{"max_retries": "2"}},
		{"sdk:cookbook-parallel@1", strategies.Args{"max_retries": "4", "rpm": "1500", "tpm": "125000", "pause": "0s"}},
		{"sdk:langchain-limiter@1", strategies.Args{"max_retries": "2", "requests_per_second": "1", "check_every": "100ms", "max_bucket_size": "1"}},
		{"article:bucket", strategies.Args{"max_retries": "2", "capacity": "100000", "refill": "33333", "estimated_tokens": "1000", "wait_timeout": "30s"}},
		{"article:queue", strategies.Args{"max_retries": "2", "workers": "10", "rpm": "500"}},
		{"article:batch-sleep", strategies.Args{"max_retries": "2", "tpm": "", "mean_tokens": ""}},
	}
}

func TestContract(t *testing.T) {
	want := contracts()
	catalog := catalog.Entries()
	if len(catalog) != len(want) {
		t.Fatalf("%d entries, want %d", len(catalog), len(want))
	}
	for i, e := range catalog {
		got := strategies.Args{}
		for _, p := range e.Params {
			got[p.Name] = p.Default
			if p.About == "" || p.Default == "" && !strings.Contains(p.About, "default: ") {
				t.Errorf("%s %s does not say what it does and what it is by default: %q", e.Name, p.Name, p.About)
			}
		}
		if e.Name != want[i].name {
			t.Errorf("entry %d is %q, want %q", i, e.Name, want[i].name)
		}
		if diff := cmp.Diff(want[i].params, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", e.Name, diff)
		}
		if e.Omniscient != (e.Name == "oracle") {
			t.Errorf("%s: Omniscient is %v", e.Name, e.Omniscient)
		}
	}
}

func with(a, b strategies.Args) strategies.Args {
	sum := maps.Clone(a)
	maps.Copy(sum, b)
	return sum
}

func TestBuildErrors(t *testing.T) {
	plain := []strategies.Deployment{{Name: "main", RPM: 10, TPM: 1000}, {Name: "spare"}}
	refuse(t, []buildError{
		{"jitter", strategies.Args{"base": "-1s"}, plain,
			[]string{`base: must be a duration from 0s to 24h0m0s, such as 1s or 500ms, not "-1s"`}},
		{"jitter", strategies.Args{"base": "1"}, plain,
			[]string{`base: must be a duration from 0s to 24h0m0s, such as 1s or 500ms, not "1"`}},
		{"jitter", strategies.Args{"base": "9999999999h"}, plain,
			[]string{`base: must be a duration from 0s to 24h0m0s, such as 1s or 500ms, not "9999999999h"`}},
		{"jitter", strategies.Args{"max_retries": "1.5", "factor": "NaN"}, plain,
			[]string{`factor: must be a number from 1 to 100, not "NaN"`,
				`max_retries: must be a whole number from 0 to 1000, not "1.5"`}},
		{"jitter", strategies.Args{"max_retries": "99999999999999999999"}, plain,
			[]string{`max_retries: must be a whole number from 0 to 1000, not "99999999999999999999"`}},
		{"jitter", strategies.Args{"jitter": "some"}, plain,
			[]string{`jitter: must be none, full, equal, decorrelated, or a share from 0% to 100% to add or take away, such as 25%, not "some"`}},
		{"jitter", strategies.Args{"jitter": "-5%"}, plain,
			[]string{`jitter: must be none, full, equal, decorrelated, or a share from 0% to 100% to add or take away, such as 25%, not "-5%"`}},
		{"jitter", strategies.Args{"basis": "1s", "base": ""}, plain,
			[]string{`base: must be a duration from 0s to 24h0m0s, such as 1s or 500ms, not ""`,
				`basis: jitter has no such parameter`}},
		{"none", strategies.Args{"max_retries": "1"}, plain, []string{`max_retries: none has no such parameter`}},
		{"retry-after", strategies.Args{"spread": "110%"}, plain,
			[]string{`spread: must be a share from 0% to 100%, such as 0.2 or 20%, not "110%"`}},
		{"token-bucket", strategies.Args{"fair": "yes"}, plain, []string{`fair: must be true or false, not "yes"`}},
		{"token-bucket", nil, plain[1:],
			[]string{`tpm, or capacity and refill, must be given, for deployment "spare" names no tokens per minute`}},
		{"token-bucket", strategies.Args{"capacity": "0"}, plain,
			[]string{`capacity: must be a whole number from 1 to 100000000000, not "0"`}},
		{"token-bucket", strategies.Args{"share": "0", "margin": "100%", "tpm": "0", "rpm": "0"}, plain,
			[]string{`margin: must be a share from 0% to 99%, such as 0.2 or 20%, not "100%"`,
				`rpm: must be a whole number from 1 to 100000000000, not "0"`,
				`share: must be a share from 0.0001% to 100%, such as 0.2 or 20%, not "0"`,
				`tpm: must be a whole number from 1 to 100000000000, not "0"`}},
		{"queue", strategies.Args{"order": "lifo"}, plain, []string{`order: must be one of fifo, priority, fair, not "lifo"`}},
		{"shared", nil, plain, []string{`there is no coordinator to ask; a scenario declares one with the key coordinator`}},
		{"lease", strategies.Args{"length": "0s"}, plain, []string{`length: must be a duration from 1s to 1h0m0s, such as 1s or 500ms, not "0s"`}},
		{"ptu", nil, plain, []string{`primary: must be given, for no deployment is provisioned`}},
		{"ptu", strategies.Args{"primary": "reserved"}, plain,
			[]string{`primary: must name a deployment (main, spare), not "reserved"`}},
		{"ptu", strategies.Args{"primary": "main", "spill": "main"}, plain,
			[]string{`spill: must name a deployment other than "main"`}},
		{"ptu", strategies.Args{"primary": "main"}, plain[:1], []string{`spill: must name a deployment other than "main"`}},
		{"ptu", strategies.Args{"spill_on": "429,200"}, plain,
			[]string{`spill_on: must be HTTP statuses from 400 to 599, such as 429 or 429,503, not "429,200"`}},
		{"layers", strategies.Args{"layers": "tenacity"}, plain,
			[]string{`layers: must name two client libraries, the outer one first, such as tenacity, openai-python; not 1`}},
		{"aimd", strategies.Args{"floor": "0"}, plain, []string{`floor: must be a number from 0.001 to 1e+06, not "0"`}},
		{"paper:wb", nil, plain[1:], []string{`limit: must be given, for deployment "spare" names no requests per minute`}},
		{"sdk:azcore@1.24", strategies.Args{"max_retries": "256"}, plain,
			[]string{`max_retries: must be a whole number from 0 to 255, not "256"`}},
		{"article:backoff", strategies.Args{"max_retries": "0"}, plain,
			[]string{`max_retries: must be a whole number from 1 to 255, not "0"`}},
		{"none", nil, nil, []string{`there is no deployment to send to`}},
	})
}

func TestBuildErrorsOfParts(t *testing.T) {
	plain := []strategies.Deployment{{Name: "main", RPM: 10, TPM: 1000}, {Name: "spare"}}
	refuse(t, []buildError{
		{"batch", nil, plain, []string{`batch: must be given, for no deployment is a batch API`}},
		{"batch", strategies.Args{"batch": "main"}, plain[:1], []string{`batch: must leave another deployment for calls that cannot wait`}},
		{"batch", strategies.Args{"latency_ok": "-1h"}, plain, []string{`latency_ok: must be a duration from 0s to 8784h0m0s, such as 1s or 500ms, not "-1h"`}},
		{"batch", strategies.Args{"discount": "60%"}, []strategies.Deployment{{Name: "main"}, {Name: "bulk", Batch: true, Discount: 0.5}},
			[]string{`discount: must be at most what deployment "bulk" takes off, 50%`}},
		{"route", nil, plain[:1], []string{`order: must name two deployments or more; there is one`}},
		{"route", strategies.Args{"order": "spare"}, plain, []string{`order: must name at least 2 deployments, not "spare"`}},
		{"compose", strategies.Args{"pace": "windows", "capacity": "1"}, plain, []string{`capacity: is for pace: token-bucket only`}},
		{"compose", strategies.Args{"pace": "header-aware", "share": "50%"}, plain, []string{`share: is for pace: token-bucket or windows only`}},
		{"tenant-fair", nil, plain[1:], []string{`tenants have no share to be held to, for deployment "spare" names no tokens per minute`}},
	})
}

type buildError struct {
	name        string
	args        strategies.Args
	deployments []strategies.Deployment
	want        []string
}

func refuse(t *testing.T, list []buildError) {
	t.Helper()
	for _, tt := range list {
		e, _ := catalog.Find(tt.name)
		f, errs := e.Build(tt.args, strategies.Env{Deployments: tt.deployments})
		if f != nil {
			t.Errorf("%s %v: built", tt.name, tt.args)
		}
		var got []string
		for _, err := range errs {
			got = append(got, err.Error())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", tt.name, tt.args, diff)
		}
	}
}

func TestUnknownParameterNamesTheKnown(t *testing.T) {
	e, _ := catalog.Find("fixed")
	_, errs := e.Build(strategies.Args{"dealy": "2s"}, strategytest.Env())
	want := []strategies.ParamError{{Param: "dealy", Msg: "fixed has no such parameter", Known: []string{"delay", "max_retries", "max_elapsed"}}}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := catalog.Find("oracel"); ok {
		t.Error("Find found a strategy that does not exist")
	}
}

// FuzzBuild: whatever a user writes for a parameter, Build accepts it and the
// strategy obeys the laws for one call, or it says what is wrong.
func FuzzBuild(f *testing.F) {
	for _, e := range catalog.Entries() {
		for _, p := range e.Params {
			f.Add(e.Name, p.Name, p.Default)
		}
	}
	for _, s := range []string{"±25%", "1e308%", "-0", "NaN", "429, 503", "0x10", "1h1ns", "0.0000001"} {
		f.Add("header-aware", "hold_above", s)
		f.Add("jitter", "jitter", s)
		f.Add("ptu", "spill_on", s)
	}
	f.Fuzz(func(t *testing.T, name, param, arg string) {
		e, ok := catalog.Find(name)
		if !ok {
			t.Skip()
		}
		env := strategytest.Env()
		factory, errs := e.Build(strategies.Args{param: arg}, env)
		if (factory == nil) != (len(errs) > 0) {
			t.Fatalf("factory made: %v, errors: %v", factory != nil, errs)
		}
		if factory == nil {
			return
		}
		d := strategytest.NewDriver(factory(env), env.Deployments)
		d.Submit(strategies.Call{EstimatedPrompt: 100, MaxTokens: 50, Deadline: 600 * clock.Second})
		for n := 0; d.Open() > 0 && len(d.Violations) == 0 && n < 5000; n++ {
			if a := d.InFlight(); len(a) > 0 && n < 3 {
				d.Reply(a[0], wire.Reply{Status: 429, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
			} else {
				d.Step()
			}
		}
		if d.Open() > 0 || len(d.Violations) > 0 {
			t.Errorf("%s %s=%q: %d calls open, violations: %v", name, param, arg, d.Open(), d.Violations)
		}
	})
}

// Without its version a library is the newest, which is the last of the catalog.
func TestNewestVersion(t *testing.T) {
	last, newest := map[string][]int{}, map[string]string{}
	for _, e := range catalog.Entries() {
		library, text, versioned := strings.Cut(e.Name, "@")
		if !versioned {
			continue
		}
		var version []int
		for part := range strings.SplitSeq(text, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				t.Fatalf("%s: %v", e.Name, err)
			}
			version = append(version, n)
		}
		if slices.Compare(version, last[library]) <= 0 {
			t.Errorf("%s stands after a newer one", e.Name)
		}
		last[library], newest[library] = version, e.Name
	}
	for library, want := range newest {
		if e, ok := catalog.Find(library); !ok || e.Name != want {
			t.Errorf("%s is %v, want %s", library, e, want)
		}
	}
}

// Four instances at first: each has a quarter, whatever is said of the limit. Who is
// told an own rate goes by that.
func TestShare(t *testing.T) {
	env := strategies.Env{Instances: func(now clock.Time) int { return 4 + int(now) }}
	for _, tt := range []struct {
		name string
		args strategies.Args
		want float64
	}{
		{"queue", nil, 0.25},
		{"tenant-fair", strategies.Args{"tpm": "100"}, 0.25},
		{"token-bucket", strategies.Args{"share": "10%"}, 0.1},
		{"token-bucket", strategies.Args{"refill": "10"}, 0},
		{"article:batch-sleep", nil, 1},
		{"compose", strategies.Args{"pace": "windows"}, 0.25},
		{"compose", nil, 0},
		{"split", nil, 0},
		{"header-aware", nil, 0},
	} {
		e, _ := catalog.Find(tt.name)
		if got := e.Share(tt.args, env); got != tt.want {
			t.Errorf("%s %v: %g, want %g", tt.name, tt.args, got, tt.want)
		}
	}
}
