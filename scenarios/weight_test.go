package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"ratesim/scenarios"
)

func TestWeights(t *testing.T) {
	const text = `
name: x
duration: 1m
workload:
  - {tenant: web, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 1, output_tokens: 1%s}
  - {tenant: night, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 1, output_tokens: 1%s}
  - {tenant: web, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 1, output_tokens: 1%s}
deployments: [{name: main, provider: openai/gpt-4o@tier-1}]
strategies: [none]
`
	with := func(weights ...string) string {
		s := text
		for _, w := range weights {
			if w != "" {
				w = ", weight: " + w
			}
			s = strings.Replace(s, "%s", w, 1)
		}
		return s
	}
	for _, c := range []struct {
		weights []string
		want    []float64
		err     string
	}{
		{[]string{"", "", ""}, nil, ""},
		{[]string{"3", "", ""}, []float64{3, 1}, ""},
		{[]string{"", "0.5", "2"}, []float64{2, 0.5}, ""},
		{[]string{"3", "", "3"}, []float64{3, 1}, ""},
		{[]string{"3", "", "4"}, nil, `workload[2].weight: is 4, and another stream of "web" has weight 3; one of them is enough`},
		{[]string{"0", "", ""}, nil, "workload[0].weight"},
		{[]string{"", "heavy", ""}, nil, "workload[1].weight"},
	} {
		spec, err := scenarios.Parse("x", []byte(with(c.weights...)), scenarios.Options{})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: %v, want %q", c.weights, err, c.err)
			}
		} else if err != nil || !slices.Equal(spec.Weights, c.want) {
			t.Errorf("%q: %v, %v, want %v", c.weights, spec, err, c.want)
		}
	}
}
