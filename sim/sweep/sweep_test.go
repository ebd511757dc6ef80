package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob/memblob"

	"ratesim/sim/sweep/cells"
)

const small = `
scenario: launch-day
strategies: [jitter, queue]
replications: 2
set: {duration: 1s, drain: 2s}
axes:
  fleet.instances: [1, 16, 4]
  seed: [1, 2, 3, 4, 5]
`

func planOf(t testing.TB, text string) *Plan {
	t.Helper()
	s, err := Parse("study.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(s, Source{Engine: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func memory(t testing.TB) *cells.Store {
	t.Helper()
	s, err := cells.On(memblob.OpenBucket(nil))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func merged(t testing.TB, s *cells.Store) string {
	t.Helper()
	m, err := Merge(t.Context(), s, "v1")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.WriteCSV(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What a study says in one way it says in another: values are counted by hand.
func TestAxes(t *testing.T) {
	for _, tt := range []struct {
		axes string
		want []string // the first cells
		n    int
	}{
		{"axes: {a: [1, 2], b: [x, y, z]}", []string{"a=1, b=x", "a=1, b=y", "a=1, b=z", "a=2, b=x"}, 6},
		{"axes: [{a: [1, 2], b: [x, y]}, {c: [7, 8]}]", []string{"a=1, b=x, c=7", "a=1, b=x, c=8", "a=2, b=y, c=7", "a=2, b=y, c=8"}, 4},
		{"axes: {r: {from: 0.1/s, to: 0.3/s, step: 0.1/s}}", []string{"r=0.1/s", "r=0.2/s", "r=0.3/s"}, 3},
		{"axes: {r: {from: 1, to: 1000, log: 4}}", []string{"r=1", "r=10", "r=100", "r=1000"}, 4},
		{"axes: {r: {from: 10s, to: 35s, step: 10s}}", []string{"r=10s", "r=20s", "r=30s"}, 3},
		{"", []string{"the only cell"}, 1},
	} {
		s, err := Parse("f", []byte("scenario: launch-day\n"+tt.axes))
		if err != nil {
			t.Errorf("%s: %v", tt.axes, err)
			continue
		}
		p := &Plan{Study: s}
		var got []string
		for i := range len(tt.want) {
			got = append(got, cells.Title(p.Axes(i)))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || p.Len() != tt.n {
			t.Errorf("%s: %d cells, want %d; -want +got:\n%s", tt.axes, p.Len(), tt.n, diff)
		}
	}
}

// A Latin hypercube has one point in each of as many equal parts of each range as there are
// points, by definition.
func TestLatinHypercube(t *testing.T) {
	s, err := Parse("f", []byte("scenario: x\nsamples: {method: latin-hypercube, points: 20, over: {a: {from: 0, to: 1}, b: {from: 5, to: 6}}}"))
	if err != nil {
		t.Fatal(err)
	}
	for k, least := range []float64{0, 5} {
		seen := map[int]bool{}
		for _, p := range s.axes[0].points {
			v, _, _ := number(p[k])
			seen[int((v-least)*20)] = true
		}
		if len(seen) != 20 {
			t.Errorf("range %d has points in %d of 20 parts", k, len(seen))
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"scenario: a\naxis: {}", `f:2:1: unknown key "axis"; did you mean axes?`},
		{"axes: {a: [1]}", "f: scenario is missing"},
		{"scenario: a\naxes: {a: [1, 1]}", "1 is given twice"},
		{"scenario: a\naxes: [{a: [1, 2], b: [1]}]", "need the same number"},
		{"scenario: a\naxes: [{a: [1]}, {a: [2]}]", "a is on two axes"},
		{"scenario: a\naxes: {a: {from: 1s, to: 2m, step: 1s}}", `another unit than from, "s"`},
		{"scenario: a\naxes: {a: {from: 0, to: 2, log: 3}}", "above 0"},
		{"scenario: a\nreplications: 0", "at least 1"},
		{"scenario: a\naxes: {a: 3}", "want keys with values"},
		{"scenario: a\nsamples: {method: sobol}", "unknown method"},
	} {
		_, err := Parse("f", []byte(tt.text))
		if e := new(Error); !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
	s, err := Parse("f", []byte("scenario: launch-day\naxes: {fleet.instances: [1, 0]}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewPlan(s, Source{}); err == nil || !strings.Contains(err.Error(), "fleet.instances=0") {
		t.Errorf("a value that the scenario refuses: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("scenario: a\nsamples: {method: halton, points: 3, over: {a: {from: 1, to: 2, log: 2}}}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		s, err := Parse("f", []byte(text))
		if e := new(Error); err != nil && !errors.As(err, &e) {
			t.Errorf("%T is no *Error: %v", err, err)
		}
		if err == nil {
			(&Plan{Study: s}).Axes(0)
		}
	})
}

// However the cells are shared out, and wherever a machine is killed and started again, the
// merged bytes are those of one machine that ran all of them.
func TestAnySplitMergesToTheSameBytes(t *testing.T) {
	p := planOf(t, small)
	one := memory(t)
	if _, err := Run(t.Context(), p, one, Options{}); err != nil {
		t.Fatal(err)
	}
	want := merged(t, one)
	if n := strings.Count(want, "\n"); n != 1+15*2*2 {
		t.Fatalf("%d rows, want a head and 15 cells × 2 strategies × 2 replications", n-1)
	}
	for round, n := range []int{1, 2, 7, 64} {
		draws, store := rand.New(rand.NewPCG(uint64(round), 0)), memory(t)
		for _, k := range draws.Perm(n) {
			for range draws.IntN(3) { // times it is killed: what is in hand is lost
				ctx, cancel := context.WithCancel(t.Context())
				left := 1 + draws.IntN(3)
				_, err := Run(ctx, p, store, Options{Shard: Shard{k, n}, Progress: func(int, int) {
					if left--; left == 0 {
						cancel()
					}
				}})
				cancel()
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
			}
			if _, err := Run(t.Context(), p, store, Options{Shard: Shard{k, n}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := merged(t, store); got != want {
			t.Fatalf("%d shards merge to other bytes:\n%s", n, cmp.Diff(want, got))
		}
	}
}

// Each cell is in exactly one share, and cells that are added move no others.
func TestShardsDivide(t *testing.T) {
	a, b := planOf(t, small), planOf(t, strings.Replace(small, "4, 5]", "4, 5, 6]", 1))
	in := func(p *Plan) map[string]int {
		m := map[string]int{}
		for i := range p.Len() {
			id, err := p.Identity(p.Axes(i))
			if err != nil {
				t.Fatal(err)
			}
			for k := range 7 {
				if (Shard{k, 7}).Has(id.Hash()) {
					m[id.Hash()] += 1 + 100*k
				}
			}
		}
		return m
	}
	first, more := in(a), in(b)
	if len(first) != 15 || len(more) != 18 {
		t.Fatalf("%d and %d different cells", len(first), len(more))
	}
	for hash, k := range first {
		if k%100 != 1 || more[hash] != k {
			t.Errorf("cell %s is in %d shares, and moved: %v", hash, k%100, more[hash] != k)
		}
	}
}

func TestParseShard(t *testing.T) {
	slurm := map[string]string{"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_COUNT": "5", "SLURM_ARRAY_TASK_STEP": "2"}
	aws := map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "4"}
	kubernetes := map[string]string{"JOB_COMPLETION_INDEX": "2"}
	for _, tt := range []struct {
		text string
		env  map[string]string
		want string // the share, or a part of the error
	}{
		{"3/8", slurm, "3/8"}, {"", slurm, "2/5"}, {"", aws, "1/4"}, {"8", kubernetes, "2/8"}, {"", nil, "0/0"},
		{"", kubernetes, "add --shard N"}, {"8/8", nil, "from 0 to N-1"}, {"x", nil, "a shard is"}, {"8", nil, "give it as K/8"},
		{"2", kubernetes, "more tasks than shards"},
	} {
		s, _, err := ParseShard(tt.text, func(k string) string { return tt.env[k] })
		got := s.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%q with %v: %s, want %s", tt.text, tt.env, got, tt.want)
		}
	}
}

// Of what is wrong in a store a merge says the names, and writes nothing.
func TestMergeRefuses(t *testing.T) {
	p := planOf(t, small)
	dir := t.TempDir()
	store, err := cells.Open(t.Context(), dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), p, store, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), store, "v2"); err == nil || !strings.Contains(err.Error(), "was run by ratesim v1, and this is v2") {
		t.Errorf("another version: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.cell"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(files[0], whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Merge(t.Context(), store, "v1"); err == nil || !strings.Contains(err.Error(), filepath.Base(files[0])) {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
	if err := os.WriteFile(files[0], nil, 0o644); err != nil { // as a power failure leaves it
		t.Fatal(err)
	}
	if done, err := Run(t.Context(), p, store, Options{}); err != nil || done.Ran != 1 {
		t.Errorf("an empty object: %d cells were run again, %v", done.Ran, err)
	}
}

// A store that takes nothing, and a cell that takes too long, are said with the cell's name.
func TestFailuresAreNamed(t *testing.T) {
	p := planOf(t, small)
	dir := t.TempDir()
	store, err := cells.Open(t.Context(), dir, true)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	failed := func(err error) { said = append(said, err.Error()) }
	id, err := p.Identity(p.Axes(0))
	if err != nil {
		t.Fatal(err)
	}
	// A file where the folder of the first cell should be.
	if err := os.WriteFile(filepath.Join(dir, id.Hash()[:2]), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	done, err := Run(t.Context(), p, store, Options{Failed: failed})
	if err != nil || done.Failed != 1 || done.Ran != 14 {
		t.Errorf("%+v, %v", done, err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "the cell fleet.instances=1, seed=1: the result could not be stored") {
		t.Errorf("said %q", said)
	}
	said = nil
	done, err = Run(t.Context(), p, memory(t), Options{Timeout: time.Nanosecond, Failed: failed})
	if err != nil || done.Failed != 15 || !strings.Contains(said[0], "not finished after 1ns") {
		t.Errorf("%+v, %v, said %q", done, err, said)
	}
}

// Two machines that run the same cells at once write the same.
func TestTwoWriters(t *testing.T) {
	p, dir := planOf(t, small), t.TempDir()
	errs := make(chan error)
	for range 2 {
		go func() {
			store, err := cells.Open(t.Context(), dir, true)
			if err == nil {
				_, err = Run(t.Context(), p, store, Options{})
			}
			errs <- err
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	store, err := cells.Open(t.Context(), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	alone := memory(t)
	if _, err := Run(t.Context(), p, alone, Options{}); err != nil {
		t.Fatal(err)
	}
	if merged(t, store) != merged(t, alone) {
		t.Error("two writers merge to other bytes than one")
	}
}

// BenchmarkCells holds sweeping against the bare engine, which runs the same plans with a
// scenario that is parsed once and stores nothing.
func BenchmarkCells(b *testing.B) {
	text := strings.Replace(small, "duration: 1s", "duration: 10m", 1)
	b.Run("sweep", func(b *testing.B) {
		for b.Loop() {
			if _, err := Run(b.Context(), planOf(b, text), memory(b), Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("engine", func(b *testing.B) {
		p := planOf(b, text)
		spec, err := p.read(p.Axes(0))
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			for i := range p.Len() {
				if _, err := Replicate(b.Context(), spec, uint64(i%5+1), 2); err != nil {
					b.Fatal(fmt.Errorf("cell %d: %w", i, err))
				}
			}
		}
	})
}
