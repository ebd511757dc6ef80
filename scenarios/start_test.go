package scenarios

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
	"ratesim/sim/rng"
)

// started checks that a file to begin with is in order, for the parser and for editors.
func started(t *testing.T, text []byte, err error) *Spec {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# yaml-language-server: $schema=") {
		t.Errorf("no modeline:\n%s", text)
	}
	spec, err := Parse("mine.yaml", text, Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := compiled(t).Validate(value(t, text)); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	return spec
}

func TestStart(t *testing.T) {
	text, err := Start("mine.yaml", "mine")
	spec := started(t, text, err)
	if spec.Name != "mine" || len(spec.Warnings) > 0 {
		t.Errorf("%s: %q", spec.Name, spec.Warnings)
	}
	// What is commented out is right as well.
	uncommented := string(text)
	for _, line := range []string{"  # - {kind: outage", "  # - {name: patient", "    # limits:", "# slo:", "#   - success_rate", "#   - time_to", "# expect:", "#   - paced"} {
		if !strings.Contains(uncommented, line) {
			t.Errorf("there is no line %q", line)
		}
		uncommented = strings.Replace(uncommented, line, strings.Replace(line, "# ", "", 1), 1)
	}
	spec = started(t, []byte(uncommented), nil)
	if len(spec.SLO) != 2 || len(spec.Expect) != 1 || len(spec.Strategies) != 7 {
		t.Errorf("%d objectives, %d expectations, %d strategies", len(spec.SLO), len(spec.Expect), len(spec.Strategies))
	}
	for _, name := range []string{"a: b", "#x", "- x", "", "naïve 50%", `"`, "x\ny"} {
		text, err := Start("mine.yaml", name+"!")
		if spec := started(t, text, err); spec.Name != name+"!" {
			t.Errorf("name %q, want %q", spec.Name, name+"!")
		}
	}
}

func TestStartFrom(t *testing.T) {
	names := Library()
	for _, c := range Claims() {
		names = append(names, "claims/"+c)
	}
	for _, from := range names {
		text, err := StartFrom("mine.yaml", "mine", from)
		if spec := started(t, text, err); spec.Name != "mine" {
			t.Errorf("%s: name %q", from, spec.Name)
		}
	}
	if _, err := StartFrom("mine.yaml", "", "outtage"); err == nil || !strings.Contains(err.Error(), `did you mean "outage"?`) {
		t.Errorf("error %v", err)
	}
}

func TestStartLike(t *testing.T) {
	rows := func(n int, gap time.Duration, row string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%v,%s\n", (time.Duration(i) * gap).Seconds(), row)
		}
		return b.String()
	}
	for _, test := range []struct {
		name, log string
		want      []string
	}{
		{"one request", "5,10,3,\n", []string{"spike, at: 0s, calls: 1}", "All requests come at one instant.", "\nduration: 1s "}},
		{"one instant", rows(3, 0, "10,3,"), []string{"spike, at: 0s, calls: 3}"}},
		{"few", rows(5, time.Second, "10,3,"), []string{"poisson, rate: 1/s}", "too few to tell", "prompt_tokens: 10\n"}},
		{"regular", rows(100, time.Second, "10,3,"), []string{"constant, rate: 1/s}", "All gaps are the same."}},
		{"slow", rows(30, time.Hour, "10,0,"), []string{"rate: 1/h", "output_tokens: 1\n", "It lasts 1h, where the log has 29h.", "30 requests have no output."}},
		{"minutes", rows(30, 7*time.Second, "10,3,"), []string{"constant, rate: 8.571/m}"}},
		{"declared", rows(20, time.Second, "10,3,64"), []string{"max_tokens: 64 ", "All requests declare max_tokens 64"}},
		{"some declare", "0,10,3,64\n1,20,9,\n2,30,4,128\n", []string{"max_tokens: 128 ", "2 of 3 requests declare one, of 64 or more"}},
		{"a model", "0,10,3,,gpt-4o\n1,10,3,,gpt-4o\n", []string{"openai/gpt-4o@tier-1  # the smallest tier of the log's model"}},
		{"the first failed", "0,0,0,\n1,10,3,\n2,10,3,\n", []string{"Left out: ", "2 requests in 1s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := "time,prompt_tokens,output_tokens,max_tokens\n"
			if strings.Contains(test.log, "gpt") {
				header = "time,prompt_tokens,output_tokens,max_tokens,model\n"
			}
			log := &workload.Log{Name: "a: #\nlog.csv", Data: []byte(header + test.log)}
			text, err := StartLike("mine.yaml", "mine", log, catalog.Embedded())
			spec := started(t, text, err)
			if spec.Fleet.Instances != 1 {
				t.Errorf("%d instances", spec.Fleet.Instances)
			}
			for _, want := range test.want {
				if !strings.Contains(string(text), want) {
					t.Errorf("lacks %q:\n%s", want, text)
				}
			}
		})
	}
}

// A log of whatever requests gives a scenario that is read without an error.
func TestStartLikeAnyLog(t *testing.T) {
	gap := func(kind, i int, draw float64) float64 {
		switch kind {
		case 1:
			return math.Pow(draw, 6) // bursts
		case 2:
			return draw * 3600
		case 3:
			return math.Floor(draw * 2) // a clock of seconds
		case 4:
			return float64(i % 2)
		}
		return draw
	}
	for kind := range 5 {
		for _, rows := range []int{2, 150, 400} {
			for _, size := range []float64{1, 20_000} {
				draws := rng.New(uint64(rows), kind).Sequence(rng.Arrivals)
				var b strings.Builder
				b.WriteString("time,prompt_tokens,output_tokens,max_tokens\n")
				at := 0.0
				for i := range rows {
					at += gap(kind, i, draws.Exp())
					fmt.Fprintf(&b, "%.6f,%.0f,%.0f,\n", at, 1+draws.Float64()*size, math.Floor(draws.Exp()*size/10))
				}
				text, err := StartLike("mine.yaml", "mine", &workload.Log{Name: "log.csv", Data: []byte(b.String())}, catalog.Embedded())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := Parse("mine.yaml", text, Options{}); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
			}
		}
	}
}
