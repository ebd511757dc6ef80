package scenarios

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/sim/clock"
)

// Two deployments, of which one has a fault already.
func mainAndSpare() []provider.Config {
	return []provider.Config{{Name: "main", Faults: []provider.Fault{{Kind: provider.Unpaid}}}, {Name: "spare"}}
}

func TestParseFaults(t *testing.T) {
	outage := provider.Fault{Kind: provider.Outage, Status: 503, At: 240 * clock.Second, Until: 270 * clock.Second}
	some := provider.Fault{Kind: provider.Errors, Status: 502, Rate: 0.2, Until: clock.Never}
	for _, tt := range []struct {
		name, data string
		want       [][]provider.Fault
		err        string
	}{
		{"none", "[]", [][]provider.Fault{nil, nil}, ""},
		{"of all", "- {kind: outage, at: 4m, for: 30s}", [][]provider.Fault{{outage}, {outage}}, ""},
		{"of one", "- {kind: outage, at: 4m, for: 30s}\n- kind: errors\n  rate: 20%\n  status: 502\n  deployment: spare\n",
			[][]provider.Fault{{outage}, {outage, some}}, ""},
		{"429", "- {kind: errors, rate: 1, status: 429, deployment: spare}", [][]provider.Fault{nil, {{Kind: provider.Errors, Status: 429, Rate: 1, Until: clock.Never}}}, ""},
		{"404", "- {kind: outage, at: 0s, status: 404}", nil, `x:1:34: faults[0].status: want the status 429, or one from 500 to 599, got "404"`},
		{"429 in mid-stream", "- {kind: mid-stream, rate: 1, status: 429}", nil, `x:1:39: faults[0].status: want a whole number from 500 to 599, got "429"`},
		{"of connections", "- {kind: hang, rate: 1, how: before-end}\n- {kind: reset, rate: 1, how: tcp-reset, after: 600}\n" +
			"- {kind: slow-stream, rate: 1, bytes_per_s: 50}\n- {kind: garbled, rate: 1}\n", slices.Repeat([][]provider.Fault{{
			{Kind: provider.Hang, How: provider.BeforeEnd, Rate: 1, Until: clock.Never},
			{Kind: provider.Reset, How: provider.ResetsTCP, After: 600, Rate: 1, Until: clock.Never},
			{Kind: provider.SlowStream, To: 1, BytesPerSecond: 50, Rate: 1, Until: clock.Never},
			{Kind: provider.Garbled, How: provider.BadBody, Rate: 1, Until: clock.Never}}}, 2), ""},
		{"empty", " \n", nil, "x: is empty; want a list of faults; [] is none"},
		{"comment", "# none\n", nil, "x: is empty; want a list of faults; [] is none"},
		{"a scenario", "faults:\n  - {kind: outage, at: 4m}\n", nil, "x:1:1: faults: want a list of faults, got a mapping"},
		{"names", "- {kind: outtage, at: 4m}\n- {kind: outage, at: 4m, deployment: mian}\n", nil,
			`x:1:10: faults[0].kind: unknown fault "outtage"; did you mean "outage"? allowed: errors, outage, limit-cut, hang, reset, mid-stream, slow-stream, billing, bad-headers, garbled` +
				"\n" + `x:2:38: faults[1].deployment: unknown deployment "mian"; did you mean "main"? allowed: main, spare`},
	} {
		given := mainAndSpare()
		got, err := ParseFaults("x", []byte(tt.data), given)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if err == nil && tt.err != "" || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %v; want %s", tt.name, err, tt.err)
		}
		if diff := cmp.Diff(mainAndSpare(), given, specs); diff != "" {
			t.Errorf("%s: the deployments were changed:\n%s", tt.name, diff)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	bad, err := os.ReadFile("testdata/bad/faults.yaml")
	if err != nil {
		f.Fatal(err)
	}
	_, list, _ := strings.Cut(string(bad), "faults:\n")
	f.Add([]byte(list))
	f.Add([]byte("- {kind: outage, at: 4m, for: 30s, deployment: main}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ParseFaults("x", data, mainAndSpare())
		var es Errors
		switch {
		case err != nil && !errors.As(err, &es):
			t.Fatalf("%T", err)
		case (err == nil) != (len(got) == 2):
			t.Fatalf("%d lists, error %v", len(got), err)
		}
		for _, list := range got {
			for _, fault := range list {
				if fault.Until <= fault.At || fault.Rate < 0 || fault.Rate > 1 {
					t.Errorf("%+v", fault)
				}
			}
		}
	})
}
