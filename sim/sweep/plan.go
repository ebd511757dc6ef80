package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/sweep/cells"
)

// A Plan is a study whose scenario has been read: its cells by number. It holds no cells,
// so it is as small for a million of them.
type Plan struct {
	Study   *Study
	file    *scenarios.File
	name    string // of the scenario
	base    cells.Identity
	options scenarios.Options
	digests map[string]string // of the logs that cells name, by path
}

// Source is what a plan is made from beside the study.
type Source struct {
	Engine  string // the version of the program; results of another are other results
	Catalog *catalog.Catalog
	Digest  string // of the catalog, where it is not the program's
	Stdin   io.Reader
}

// NewPlan reads the scenario of a study, and reads each value of each axis once, so that
// what is misspelt is known before anything is run.
func NewPlan(s *Study, src Source) (*Plan, error) {
	f, err := scenarios.Open(s.Scenario, src.Stdin)
	if err != nil {
		return nil, err
	}
	p := &Plan{Study: s, file: f, digests: map[string]string{}, options: scenarios.Options{Catalog: src.Catalog, Provider: s.Provider, Strategies: s.Strategies}}
	p.options.Describe = newTraces().describe
	text, err := f.YAML(scenarios.Options{Catalog: src.Catalog})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	p.base = cells.Identity{Schema: cells.Schema, Engine: src.Engine, Scenario: hex.EncodeToString(sum[:]), Catalog: src.Digest,
		Provider: s.Provider, Strategies: s.Strategies, Replications: s.Replications}
	spec, err := p.read(nil)
	if err != nil {
		return nil, err
	}
	p.name = spec.Name
	for _, w := range spec.Workload {
		if err := p.digest(w.Arrivals.Log.Name, &p.base.Traces); err != nil {
			return nil, err
		}
	}
	return p, p.try()
}

// try reads each point of each axis on the first points of the others.
func (p *Plan) try() error {
	first := 0
	for _, a := range slices.Backward(p.Study.axes) {
		for i := range min(len(a.points), 1000) {
			axes := p.Axes(first + i*p.stride(a.paths[0]))
			if _, err := p.read(axes); err != nil {
				return fmt.Errorf("%s: the cell %s:\n%w", p.Study.File, cells.Title(axes), err)
			}
		}
	}
	return nil
}

// stride is how far apart neighbours on the axis of a path are.
func (p *Plan) stride(path string) int {
	n := 1
	for _, a := range slices.Backward(p.Study.axes) {
		if slices.Contains(a.paths, path) {
			break
		}
		n *= len(a.points)
	}
	return n
}

// Len is how many cells there are.
func (p *Plan) Len() int {
	n := 1
	for _, a := range p.Study.axes {
		n *= len(a.points)
	}
	return n
}

// Axes returns where a cell is, in the order of the paths; the last axis changes first.
func (p *Plan) Axes(cell int) []cells.Setting {
	var list []cells.Setting
	for _, a := range slices.Backward(p.Study.axes) {
		point := a.points[cell%len(a.points)]
		cell /= len(a.points)
		for k, path := range a.paths {
			list = append(list, cells.Setting{Path: path, Value: point[k]})
		}
	}
	slices.SortFunc(list, func(a, b cells.Setting) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// Identity returns what a cell is.
func (p *Plan) Identity(axes []cells.Setting) (cells.Identity, error) {
	id := p.base
	id.Seed = p.Study.Seed
	id.Set, id.Traces = slices.Clone(p.Study.Set), slices.Clone(id.Traces)
	for _, s := range axes {
		switch s.Path {
		case seedPath:
			seed, err := strconv.ParseUint(s.Value, 10, 64)
			if err != nil {
				return id, fmt.Errorf("%s: a seed is a whole number, got %q", p.Study.File, s.Value)
			}
			id.Seed = seed
		case providerPath:
			id.Provider = s.Value
		default:
			id.Set = append(id.Set, s.Path+"="+s.Value)
			if strings.HasSuffix(s.Path, "arrivals.file") {
				if err := p.digest(s.Value, &id.Traces); err != nil {
					return id, err
				}
			}
		}
	}
	slices.SortStableFunc(id.Set, func(a, b string) int { // what holds others comes before them
		x, _, _ := strings.Cut(a, "=")
		y, _, _ := strings.Cut(b, "=")
		return strings.Compare(x, y)
	})
	return id, nil
}

// read returns the scenario of a cell.
func (p *Plan) read(axes []cells.Setting) (*scenarios.Spec, error) {
	id, err := p.Identity(axes)
	if err != nil {
		return nil, err
	}
	opt := p.options
	opt.Provider, opt.Set = id.Provider, id.Set
	return p.file.Read(opt)
}

// digest appends the hash of a log to a list; an embedded one belongs to the program.
func (p *Plan) digest(path string, to *[]string) error {
	if path == "" || slices.Contains(workload.Embedded(), path) {
		return nil
	}
	if p.digests[path] == "" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("reading a log: %w", err)
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return fmt.Errorf("reading a log: %w", err)
		}
		p.digests[path] = hex.EncodeToString(h.Sum(nil))
	}
	*to = append(*to, p.digests[path])
	return nil
}
