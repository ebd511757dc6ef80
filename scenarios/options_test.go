package scenarios

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios/workload"
)

const twoDeployments = `name: x
duration: 1m
workload:
  - tenant: web
    arrivals: {process: poisson, rate: 1/s}
    prompt_tokens: 100
    output_tokens: 50
    max_tokens: 64
    deadline: 20s
  - tenant: night.ly
    arrivals: {process: poisson, rate: 1/s}
    prompt_tokens: 100
    output_tokens: 50
deployments:
  - name: main
    provider: openai/gpt-4o-mini@tier-1
    limits: {rpm: 7}
    window: fixed
  - name: reserved
    provider: azure/gpt-4o-mini@ptu-20
strategies:
  - jitter
  - {name: patient, use: jitter, max_retries: 12}
expect:
  - patient.success_rate >= 50%
`

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		name     string
		opt      Options
		check    func(s *Spec) any
		want     any
		warnings []string
	}{
		{"nothing", Options{}, func(s *Spec) any { return s.Deployments[0].RPM }, int64(7), nil},
		{"provider", Options{Provider: "openai/gpt-4o@tier-2"},
			func(s *Spec) any {
				return []any{s.Deployments[0].RPM, s.Deployments[0].Window.String(), s.Deployments[1].Ref}
			},
			[]any{int64(5000), "token-bucket", "azure/gpt-4o@ptu-20"},
			[]string{"--provider: azure/gpt-4o-mini@ptu-20 becomes azure/gpt-4o@ptu-20"}},
		{"provider without PTU", Options{Provider: "openai/gpt-5-nano@tier-1"},
			func(s *Spec) any { return s.Deployments[1].Ref }, "azure/gpt-4o-mini@ptu-20",
			[]string{"--provider: azure/gpt-4o-mini@ptu-20 stays, for the catalog has no azure/gpt-5-nano@ptu-20"}},
		{"trace", Options{Trace: "azure-conv-2023"},
			func(s *Spec) any {
				w := s.Workload[0]
				return []any{len(s.Workload), w.Tenant, w.MaxTokens, w.Deadline, w.Arrivals.Log.Name, s.Duration > 9*time.Minute}
			},
			[]any{1, "web", uint32(64), 20 * time.Second, "azure-conv-2023", true},
			[]string{"workload[0]: max_tokens 64 cuts the longest outputs of the trace, which have up to 1000 tokens"}},
		{"trace for a while", Options{Trace: "azure-conv-2023", TraceOptions: workload.UsageOptions{Format: "azure"}, Duration: time.Minute, Set: []string{"workload.0.max_tokens=1000"}},
			func(s *Spec) any { return s.Duration }, time.Minute, nil},
		{"duration", Options{Duration: 90 * time.Second}, func(s *Spec) any { return s.Duration }, 90 * time.Second, nil},
		{"strategies", Options{Strategies: []string{"naive", "patient", "naive"}},
			func(s *Spec) any {
				return []any{s.Strategies[0].Name, s.Strategies[1].Args["max_retries"], len(s.Strategies)}
			},
			[]any{"naive", "12", 2}, nil},
		{"strategies without an expected one", Options{Strategies: []string{"none"}},
			func(s *Spec) any { return len(s.Expect) }, 0, []string{"expect[0] is not checked: strategy patient is not selected"}},
		{"all strategies", Options{Strategies: []string{"all"}, Set: []string{"coordinator.latency=1ms"}},
			func(s *Spec) any {
				var list []string
				for _, s := range s.Strategies {
					list = append(list, s.Name)
				}
				return strings.HasPrefix(strings.Join(list, " "), "jitter patient none naive ") && strings.Contains(strings.Join(list, " "), "ptu")
			}, true, []string{"strategy batch is left out: batch: must be given, for no deployment is a batch API"}},
		{"set by name", Options{Set: []string{"deployments.main.limits.tpm=1000"}}, func(s *Spec) any { return s.Deployments[0].TPM }, int64(1000), nil},
		{"set by index", Options{Set: []string{"deployments.0.limits.rpm=100"}}, func(s *Spec) any { return s.Deployments[0].RPM }, int64(100), nil},
		{"set by tenant with a dot", Options{Set: []string{"workload.night.ly.deadline=10s"}}, func(s *Spec) any { return s.Workload[1].Deadline }, 10 * time.Second, nil},
		{"set makes mappings", Options{Set: []string{"fleet.network.latency=3ms"}}, func(s *Spec) any { return s.Fleet.Network.Latency }, 3 * time.Millisecond, nil},
		{"set a mapping", Options{Set: []string{"workload.web.arrivals={process: closed, users: 3}"}}, func(s *Spec) any { return s.Workload[0].Arrivals.Users }, 3, nil},
		{"set a list", Options{Set: []string{"strategies=[none, naive]", "expect=[]"}}, func(s *Spec) any { return s.Strategies[1].Name }, "naive", nil},
		{"set a plain strategy's parameter", Options{Set: []string{"strategies.jitter.max_retries=2"}}, func(s *Spec) any { return s.Strategies[0].Args["max_retries"] }, "2", nil},
		{"set twice", Options{Set: []string{"fleet.instances=2", "fleet.instances=3"}}, func(s *Spec) any { return s.Fleet.Instances }, 3, nil},
		{"set after the provider", Options{Provider: "openai/gpt-4o-mini@tier-1", Set: []string{"deployments.main.limits.rpm=9"}}, func(s *Spec) any { return s.Deployments[0].RPM }, int64(9), nil},
	} {
		s, err := Parse("x", []byte(twoDeployments), tt.opt)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, tt.check(s)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.warnings, s.Warnings); diff != "" {
			t.Errorf("%s: warnings %s", tt.name, diff)
		}
	}
}

func TestAllStrategiesLeavesOutWhatDoesNotFit(t *testing.T) {
	s, err := Parse("x", []byte(small), Options{Strategies: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"strategy ptu is left out: ", "strategy route is left out: ", "strategy batch is left out: ",
		"strategy shared is left out: ", "strategy lease is left out: "}
	if !slices.EqualFunc(s.Warnings, want, strings.HasPrefix) {
		t.Errorf("warnings %q, want those that begin with %q", s.Warnings, want)
	}
}

func TestBadOptions(t *testing.T) {
	for _, tt := range []struct {
		opt  Options
		want string
	}{
		{Options{Provider: "openai/gpt-4oo@tier-1"}, `--provider: unknown model "gpt-4oo" of openai; nearest: openai/gpt-4o@tier-1, `},
		{Options{Trace: "nope.csv"}, `--trace: nope.csv: cannot open the log: no such file`},
		{Options{Duration: -1}, `--duration: duration: want a duration from 1ms to 8784h, such as 500ms, 90s or 1h30m, got "-1ns"`},
		{Options{Strategies: []string{"patiemt"}}, `--strategies: unknown strategy "patiemt"; did you mean "patient"? allowed: `},
		{Options{Strategies: []string{}}, `--strategies: strategies: is empty; want at least one strategy`},
		{Options{Set: []string{"fleet.instances"}}, `--set fleet.instances: want path=value`},
		{Options{Set: []string{"=3"}}, `--set =3: want path=value`},
		{Options{Set: []string{"fleet.instances="}}, `--set fleet.instances=: want path=value`},
		{Options{Set: []string{"fleet.instances=0"}}, `--set fleet.instances=0: fleet.instances: want a whole number from 1 to 1000000, got "0"`},
		{Options{Set: []string{"fleet.instnces=2"}}, `--set fleet.instnces=2: fleet.instnces: unknown key; did you mean "instances"?`},
		{Options{Set: []string{"deployments.mian.name=a"}}, `--set deployments.mian.name=a: no item "mian" in a list of 2; did you mean "main"? allowed: main, reserved, or an index from 0`},
		{Options{Set: []string{"deployments.2.name=a"}}, `--set deployments.2.name=a: no item "2" in a list of 2; allowed: main, reserved, or an index from 0`},
		{Options{Set: []string{"name.first=a"}}, `--set name.first=a: name is a single value; it has no first`},
		{Options{Set: []string{"name={a"}}, `--set name={a: not valid YAML: `},
		{Options{Set: []string{"name=a\nb: 2"}}, `: want one value`},
		{Options{Set: []string{"name=&x a"}}, `--set name=&x a: anchors and aliases are not supported`},
		{Options{Set: []string{"name= "}}, `--set name= : name: has no value; want text, or leave the key out`},
	} {
		_, err := Parse("x.yaml", []byte(twoDeployments), tt.opt)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v:\n got %v\nwant %s", tt.opt, err, tt.want)
		}
	}
}
