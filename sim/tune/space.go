package tune

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
	"gonum.org/v1/gonum/stat/samplemv"

	"ratesim/scenarios"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// Default is the name of the setting that leaves all parameters as they are.
const Default = "default"

// around is how many times smaller and larger than the default the ends of a range are that
// nobody states.
const around = 8

// Axis is a parameter and the values that are tried: a list, or a range.
type Axis struct {
	Param  strategies.Param
	Values []string // as a user would write them; nil = the range
	From   float64  // in seconds of durations
	To     float64
	Log    bool // evenly spaced in the logarithm
}

// ParseAxis reads NAME, NAME=a,b,c or NAME=FROM..TO with :log behind it or not. A name alone
// stands for all choices, for all of a share's range, and for an eighth of the default up to
// eight times the default of what is counted or measured.
func ParseAxis(text string, of *scenarios.Strategy) (Axis, error) {
	name, values, given := strings.Cut(text, "=")
	params := of.Entry().Params
	i := slices.IndexFunc(params, func(p strategies.Param) bool { return p.Name == name })
	if i < 0 {
		var known []string
		for _, p := range params {
			known = append(known, p.Name)
		}
		if known == nil {
			return Axis{}, fmt.Errorf("%s has no parameters", of.Use)
		}
		hint := ";"
		if near, ok := scenarios.Nearest(name, known); ok {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return Axis{}, fmt.Errorf("%s has no parameter %q%s it has %s", of.Use, name, hint, strings.Join(known, ", "))
	}
	a := Axis{Param: params[i]}
	if !given {
		return a, a.whole(of)
	}
	from, to, ranged := strings.Cut(values, "..")
	if !ranged {
		for v := range strings.SplitSeq(values, ",") {
			a.Values = append(a.Values, strings.TrimSpace(v))
		}
		return a, nil
	}
	if _, ok := a.Param.Ranged(); !ok {
		return a, fmt.Errorf("%s takes no range, for it is one of: %s; list the values, %s=a,b", name, a.Param.Allowed(), name)
	}
	to, a.Log = strings.CutSuffix(to, ":log")
	var err error
	if a.From, err = a.Param.Number(from); err != nil {
		return a, fmt.Errorf("%s: %w", name, err)
	}
	if a.To, err = a.Param.Number(to); err != nil {
		return a, fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case a.From >= a.To:
		return a, fmt.Errorf("%s: the range %s..%s must end above its beginning", name, from, to)
	case a.Log && a.From <= 0:
		return a, fmt.Errorf("%s: a logarithmic range must begin above 0, got %s", name, from)
	}
	return a, nil
}

// whole is what a name alone stands for.
func (a *Axis) whole(of *scenarios.Strategy) error {
	p := &a.Param
	switch p.Kind {
	case strategies.BoolParam:
		a.Values = []string{"true", "false"}
	case strategies.ChoiceParam:
		a.Values = p.Choices
	case strategies.JitterParam:
		a.Values = []string{"none", "10%", "25%", "50%", "equal", "full", "decorrelated"}
	case strategies.ShareParam:
		a.From, a.To = p.Min, p.Max
	default:
		value, given := of.Args[p.Name]
		if !given {
			value = p.Default
		}
		at, err := p.Number(value)
		if _, ok := p.Ranged(); !ok || err != nil || at == 0 {
			return fmt.Errorf("%s has no default to search around; say which values to try: %s=a,b,c or %s=FROM..TO (%s)", p.Name, p.Name, p.Name, p.Allowed())
		}
		a.From, a.To, a.Log = max(p.Min, at/around), min(p.Max, at*around), true
	}
	if a.Log && a.From <= 0 || a.From > a.To {
		a.Log = false
	}
	return nil
}

// size is how many values there are; 0 = a range.
func (a *Axis) size() int { return len(a.Values) }

// at returns the value at the share u, from 0 to 1, of the axis.
func (a *Axis) at(u float64) string {
	if a.Values != nil {
		return a.Values[min(int(u*float64(len(a.Values))), len(a.Values)-1)]
	}
	x := a.From + u*(a.To-a.From)
	if a.Log {
		x = math.Exp(math.Log(a.From) + u*(math.Log(a.To)-math.Log(a.From)))
	}
	return write(a.Param.Kind, x, a.From, a.To)
}

// ends reports whether a value is an end of a range that could go further.
func (a *Axis) ends(value string) bool {
	return a.Values == nil && (value == a.at(0) && a.From > a.Param.Min || value == a.at(1) && a.To < a.Param.Max)
}

// write writes a value with three digits, as a user would; the ends of the range as they are.
func write(kind strategies.ParamKind, x, from, to float64) string {
	if kind == strategies.CountParam {
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	if x > from && x < to {
		x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	}
	switch kind {
	case strategies.DurationParam:
		return strategies.WriteDuration(time.Duration(math.Round(x * float64(time.Second))))
	case strategies.ShareParam:
		return strconv.FormatFloat(100*x, 'g', 4, 64) + "%"
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// Settings returns the default and at most n others: all combinations where the axes are
// lists that have no more, evenly spaced values of one range, and otherwise a scrambled
// Halton sample. Combinations that the strategy refuses are left out; refused says how many
// there were and why the first was. It fails where a listed value is refused in all of them,
// and where none is left.
func Settings(s *scenarios.Spec, k *scenarios.Strategy, axes []Axis, n int, seed uint64) (list []scenarios.Strategy, refused string, err error) {
	list = append(list, *k)
	list[0].Name = Default
	seen := map[string]bool{}
	bad, first := 0, ""
	why, taken := map[string]string{}, map[string]bool{} // by parameter=value
	for _, point := range points(axes, n, seed) {
		args, parts := maps.Clone(k.Args), make([]string, len(axes))
		if args == nil {
			args = strategies.Args{}
		}
		for i := range axes {
			a := &axes[i]
			args[a.Param.Name] = a.at(point[i])
			parts[i] = a.Param.Name + "=" + args[a.Param.Name]
		}
		name := strings.Join(parts, " ")
		if seen[name] {
			continue
		}
		seen[name] = true
		setting, faults := s.With(k, name, args)
		if len(faults) > 0 {
			if bad++; bad == 1 {
				first = name + ": " + faults[0].Error()
			}
			for _, f := range faults {
				if part := f.Param + "=" + args[f.Param]; why[part] == "" {
					why[part] = f.Error()
				}
			}
			continue
		}
		for _, part := range parts {
			taken[part] = true
		}
		list = append(list, setting)
	}
	for i := range axes {
		for _, v := range axes[i].Values {
			if part := axes[i].Param.Name + "=" + v; why[part] != "" && !taken[part] {
				return nil, "", errors.New(why[part])
			}
		}
	}
	if bad > 0 {
		refused = fmt.Sprintf("%d of %d settings are left out, for %s refuses them; the first: %s", bad, bad+len(list)-1, k.Use, first)
	}
	if len(list) == 1 {
		return nil, "", fmt.Errorf("no setting is left to try: %s", first)
	}
	return list, refused, nil
}

// points returns at most n points of the unit cube over the axes.
func points(axes []Axis, n int, seed uint64) [][]float64 {
	product := 1
	for i := range axes {
		if size := axes[i].size(); size == 0 || product > n {
			product = n + 1 // a range, or more than there is room for
		} else {
			product *= size
		}
	}
	switch {
	case product <= n:
		return grid(axes, product)
	case len(axes) == 1 && axes[0].size() == 0:
		var list [][]float64
		for i := range n {
			list = append(list, []float64{float64(i) / float64(max(1, n-1))})
		}
		return list
	}
	// A scrambled Halton sample (Owen, "A randomized Halton algorithm in R", 2017).
	sample := mat.NewDense(n, len(axes), nil)
	draws := rng.New(seed, 0).Sequence(rng.Samples)
	samplemv.Halton{Kind: samplemv.Owen, Q: distmv.NewUnitUniform(len(axes), nil), Src: &draws}.Sample(sample)
	var list [][]float64
	for i := range n {
		list = append(list, sample.RawRowView(i))
	}
	return list
}

// grid returns the middle of each cell.
func grid(axes []Axis, n int) [][]float64 {
	var list [][]float64
	for k := range n {
		point := make([]float64, len(axes))
		for i := len(axes) - 1; i >= 0; i-- {
			size := axes[i].size()
			point[i] = (float64(k%size) + 0.5) / float64(size)
			k /= size
		}
		list = append(list, point)
	}
	return list
}

// Line writes a strategy as an item of a scenario's list of strategies.
func Line(k *scenarios.Strategy, name string) string {
	parts := []string{}
	if name != "" && name != k.Use && name != k.Entry().Name {
		parts = append(parts, "name: "+quoted(name))
	}
	parts = append(parts, "use: "+quoted(k.Use))
	for _, p := range k.Entry().Params {
		if v, given := k.Args[p.Name]; given {
			parts = append(parts, p.Name+": "+quoted(v))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// quoted quotes what YAML would take for something else than a text in one piece.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("._-%±", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) && !strings.HasPrefix(s, "%") && !strings.HasPrefix(s, "-") {
		return s
	}
	return strconv.Quote(s)
}
