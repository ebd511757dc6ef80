package workload

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// write makes a trace file of plain rows.
func write(t *testing.T, rows string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(plainHeader+"\n"+rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplayTimes(t *testing.T) {
	three := write(t, "10,1,1\n11,2,2\n14,3,3\n")
	instant := write(t, "3,1,1\n3,2,2\n")
	tests := []struct {
		name     string
		arrivals Arrivals
		until    clock.Time
		want     []float64
	}{
		{"as it is", Arrivals{Log: Log{Name: three}}, clock.Never, []float64{10, 11, 14}},
		{"cut by the end", Arrivals{Log: Log{Name: three}}, 14 * clock.Second, []float64{10, 11}},
		{"twice as fast", Arrivals{Log: Log{Name: three}, Transform: Transform{Speed: 2}}, clock.Never, []float64{5, 5.5, 7}},
		{"half as fast", Arrivals{Log: Log{Name: three}, Transform: Transform{Speed: 0.5}}, clock.Never, []float64{20, 22, 28}},
		{"slower than time allows", Arrivals{Log: Log{Name: three}, Transform: Transform{Speed: 1e-300}}, clock.Never, nil},
		{"looped, one mean gap of 2 s later", Arrivals{Log: Log{Name: three}, Transform: Transform{Loop: true}}, 23 * clock.Second, []float64{10, 11, 14, 16, 17, 20, 22}},
		{"looped at speed", Arrivals{Log: Log{Name: three}, Transform: Transform{Speed: 2, Loop: true}}, clock.FromSeconds(8.6), []float64{5, 5.5, 7, 8, 8.5}},
		{"looped instant", Arrivals{Log: Log{Name: instant}, Transform: Transform{Loop: true}}, 5 * clock.Second, []float64{3, 3, 4, 4}},
	}
	for _, tt := range tests {
		tt.arrivals.Process = Trace
		if diff := cmp.Diff(tt.want, at(take(t, open(t, Stream{Arrivals: tt.arrivals}, tt.until), 1000))); diff != "" {
			t.Errorf("%s: arrivals in seconds (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestReplayMatchesItsTrace replays the embedded trace and reads it beside.
func TestReplayMatchesItsTrace(t *testing.T) {
	reader, err := (&Log{Name: "azure-conv-2023", UsageOptions: UsageOptions{Format: "azure"}}).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var row Row
	for _, a := range take(t, open(t, Stream{Arrivals: Arrivals{Process: Trace, Log: Log{Name: "azure-conv-2023"}}}, clock.Never), math.MaxInt) {
		if !reader.Next(&row) || row != (Row{At: a.At, Length: Length{a.Prompt, a.Output}}) {
			t.Fatalf("arrival %+v for row %+v", a, row)
		}
	}
	if reader.Next(&row) {
		t.Errorf("row %+v does not arrive", row)
	}
}

func TestReplaySizes(t *testing.T) {
	s := Stream{Arrivals: Arrivals{Process: Trace, Log: Log{Name: write(t, "0,7,0\n0,8,900\n")}}, Lengths: []Length{{1, 1}}, MaxTokens: 500}
	var got []Length
	for _, a := range take(t, open(t, s, clock.Never), 10) {
		got = append(got, Length{a.Prompt, a.Output})
	}
	if diff := cmp.Diff([]Length{{7, 1}, {8, 500}}, got); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
}

// A row's own max_tokens is declared, and cuts its output, unless the stream has one.
func TestReplayDeclared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte("time,prompt_tokens,output_tokens,max_tokens\n0,7,90,\n1,7,90,50\n2,7,90,300\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[uint32][][2]uint32{ // declared and produced
		0:   {{0, 90}, {50, 50}, {300, 90}},
		80:  {{80, 80}, {80, 80}, {80, 80}},
		500: {{500, 90}, {500, 90}, {500, 90}},
	} {
		var got [][2]uint32
		for _, a := range take(t, open(t, Stream{Arrivals: Arrivals{Process: Trace, Log: Log{Name: path}}, MaxTokens: stream}, clock.Never), 10) {
			got = append(got, [2]uint32{a.MaxTokens, a.Output})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("max_tokens of the stream %d: %s", stream, diff)
		}
	}
}

// TestReplayScale counts calls within four standard deviations, and looks for
// rows that a larger scale loses.
func TestReplayScale(t *testing.T) {
	const rows = 2863
	counts := func(scale float64) map[clock.Time]int {
		s := Stream{Arrivals: Arrivals{Process: Trace, Log: Log{Name: "azure-conv-2023"}, Transform: Transform{Scale: scale}}}
		n := map[clock.Time]int{}
		for _, a := range take(t, open(t, s, clock.Never), math.MaxInt) {
			n[a.At]++
		}
		return n
	}
	before := map[clock.Time]int{}
	for _, scale := range []float64{0.001, 0.25, 0.75, 1, 1.5, 3} {
		now, total := counts(scale), 0
		for at, n := range before {
			if n > now[at] {
				t.Errorf("at scale %v the row at %v makes %d calls, at a smaller scale %d", scale, at, now[at], n)
			}
		}
		for _, n := range now {
			total += n
		}
		_, p := math.Modf(scale)
		if sd := math.Sqrt(rows * p * (1 - p)); math.Abs(float64(total)-rows*scale) > 4*sd+1e-9 {
			t.Errorf("scale %v: %d calls, want %.0f +- %.0f", scale, total, rows*scale, 4*sd)
		}
		before = now
	}
}

func TestReplayErrors(t *testing.T) {
	bad := write(t, "0,1,1\n1,-1,1\n")
	tests := []struct {
		name, file string
		arrivals   int
		want       string
	}{
		{"missing", "nowhere.csv", 0, "nowhere.csv: cannot open the log: no such file or directory; embedded traces: azure-conv-2023"},
		{"bad row", bad, 0, bad + `:3:3: prompt_tokens must be a whole number from 0 to 4294967295, got "-1"`},
	}
	for _, tt := range tests {
		if _, err := ReadLengths(tt.file); err == nil || err.Error() != tt.want {
			t.Errorf("%s: ReadLengths: got error %v, want %s", tt.name, err, tt.want)
		}
		for _, loop := range []bool{false, true} {
			s := open(t, Stream{Arrivals: Arrivals{Process: Trace, Log: Log{Name: tt.file}, Transform: Transform{Loop: loop}}}, clock.Never)
			n := 0
			var a Arrival
			for s.Next(&a) {
				n++
			}
			if err := s.Err(); n != tt.arrivals || err == nil || err.Error() != tt.want || s.Next(&a) {
				t.Errorf("%s: %d arrivals and error %v, want %d and %s", tt.name, n, err, tt.arrivals, tt.want)
			}
		}
	}
}

// Rows that are kept make the same calls as the file they are from.
func TestKeptRowsReplayAsTheFile(t *testing.T) {
	s, err := (&Log{Name: "azure-conv-2023"}).Describe()
	if err != nil || len(s.Kept) != int(s.Rows) {
		t.Fatalf("%d of %d rows kept, %v", len(s.Kept), s.Rows, err)
	}
	stream := Stream{Arrivals: Arrivals{Process: Trace, Log: Log{Name: "azure-conv-2023"}, Transform: Transform{Scale: 1.3, Loop: true, Speed: 2}}, MaxTokens: 300}
	kept := stream
	kept.Rows = s.Kept
	until := clock.Time(s.Last) * 3 // more than once around
	read := func(stream Stream) (all []Arrival) {
		sources, err := Open([]Stream{stream}, rng.New(3, 1), until)
		if err != nil {
			t.Fatal(err)
		}
		for a := (Arrival{}); sources[0].Next(&a); {
			all = append(all, a)
		}
		if err := sources[0].Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := read(stream)
	if diff := cmp.Diff(want, read(kept)); diff != "" || len(want) < 2*int(s.Rows) {
		t.Errorf("%d calls (-from the file +from memory)\n%s", len(want), diff)
	}
}
