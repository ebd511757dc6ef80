package strategies

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParamKind says what a parameter's value looks like.
type ParamKind uint8

// The kinds of parameter, with what a user writes.
const (
	DurationParam    ParamKind = iota // 1s, 500ms; Min and Max in seconds
	CountParam                        // a whole number
	NumberParam                       // a number
	ShareParam                        // 0.2 or 20%
	BoolParam                         // true or false
	ChoiceParam                       // one of Choices
	JitterParam                       // none, full, equal, decorrelated, or a ± share: 25%
	DeploymentParam                   // the name of a deployment
	StatusesParam                     // HTTP statuses: 429 or 429,503
	LayersParam                       // two client libraries: tenacity, openai-python@3.3
	DeploymentsParam                  // names of deployments, each once: main, mini
	WeightsParam                      // tenants and their weights: web=3, nightly=1
)

var kindNames = [...]string{"duration", "count", "number", "share", "bool", "choice", "jitter", "deployment", "statuses", "layers", "deployments", "weights"}

func (k ParamKind) String() string { return kindNames[k] }

// Param describes one parameter of a strategy.
type Param struct {
	Name     string
	Kind     ParamKind
	Default  string   // as a user would write it; "" when it follows from the environment, as About says
	Choices  []string // for ChoiceParam
	Min, Max float64  // allowed range of durations (in seconds), counts, numbers and shares
	About    string   // what it does, and why this default
	With     With     // when it applies, of an entry whose parts can be chosen
}

// Allowed says which values are allowed, as a reader of a list needs it.
func (p *Param) Allowed() string {
	switch p.Kind {
	case DurationParam:
		return fmt.Sprintf("%s to %s", WriteDuration(seconds(p.Min)), WriteDuration(seconds(p.Max)))
	case CountParam:
		return fmt.Sprintf("%.0f to %.0f", p.Min, p.Max)
	case NumberParam:
		return plain(p.Min) + " to " + plain(p.Max)
	case ShareParam:
		return plain(100*p.Min) + "% to " + plain(100*p.Max) + "%"
	case BoolParam:
		return "true, false"
	case ChoiceParam:
		return strings.Join(p.Choices, ", ")
	case JitterParam:
		return "none, full, equal, decorrelated, 0% to 100%"
	case DeploymentParam:
		return "a deployment"
	case StatusesParam:
		return "statuses, 400 to 599"
	case LayersParam:
		return "client libraries"
	case DeploymentsParam:
		return fmt.Sprintf("at least %.0f deployments", p.Min)
	case WeightsParam:
		return fmt.Sprintf("tenants and weights, %s to %s", plain(p.Min), plain(p.Max))
	}
	return ""
}

// plain writes a bound with at most six digits that count and without an exponent.
func plain(x float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// Ranged reports whether Min and Max bound the values, and the unit of both: s of
// durations.
func (p *Param) Ranged() (unit string, ok bool) {
	switch p.Kind {
	case DurationParam:
		return "s", true
	case CountParam, NumberParam, ShareParam:
		return "", true
	}
	return "", false
}

// Number reads a value of a kind that is [Param.Ranged], in the unit of its bounds.
func (p *Param) Number(s string) (float64, error) {
	v, err := p.parse(s, Env{})
	if p.Kind == DurationParam {
		return v.duration.Seconds(), err
	}
	return v.number, err
}

// WriteDuration formats d without the zero parts that Duration.String appends.
func WriteDuration(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// With says that a parameter belongs to a part of a composition: it applies when
// another has one of these values, or, without Values, is given at all. The zero
// value always applies.
type With struct {
	Param  string
	Values []string
}

func (w With) String() string {
	if w.Values == nil {
		return w.Param
	}
	return w.Param + ": " + strings.Join(w.Values, " or ")
}

// Args are a user's parameters: values as written, by name.
type Args map[string]string

// ParamError is one thing wrong with a user's parameters.
type ParamError struct {
	Param string   // the name as the user wrote it; "" when no single one is at fault
	Msg   string   // what is wrong and what is allowed
	Known []string // the strategy's parameters, when it has none of this name
}

func (e ParamError) Error() string {
	if e.Param == "" {
		return e.Msg
	}
	return e.Param + ": " + e.Msg
}

// value is a parsed argument. Which field holds it depends on the kind.
type value struct {
	number   float64 // CountParam, NumberParam, ShareParam; DeploymentParam: its index
	duration time.Duration
	truth    bool
	text     string // ChoiceParam, LayersParam
	jitter   Jitter
	statuses []int

	deployments []int
	weights     Weights
}

// Values holds every parameter of an entry that was given or has a default. Its methods
// return the zero value for all others.
type Values map[string]value

// Given reports whether there is a value.
func (v Values) Given(name string) bool { _, given := v[name]; return given }

// Number returns the value of a CountParam, NumberParam or ShareParam.
func (v Values) Number(name string) float64 { return v[name].number }

// Count returns the value of a CountParam.
func (v Values) Count(name string) int { return int(v[name].number) }

// Duration returns the value of a DurationParam.
func (v Values) Duration(name string) time.Duration { return v[name].duration }

// Text returns the value of a ChoiceParam or LayersParam.
func (v Values) Text(name string) string { return v[name].text }

// Truth returns the value of a BoolParam.
func (v Values) Truth(name string) bool { return v[name].truth }

// parse reads s as a value of p.
func (p *Param) parse(s string, known Env) (v value, err error) {
	switch p.Kind {
	case DurationParam:
		v.duration, err = time.ParseDuration(s)
		if err != nil || !p.allows(v.duration.Seconds()) {
			err = fmt.Errorf("must be a duration from %v to %v, such as 1s or 500ms, not %q", seconds(p.Min), seconds(p.Max), s)
		}
	case CountParam:
		n, bad := strconv.ParseInt(s, 10, 64)
		v.number = float64(n)
		if bad != nil || !p.allows(v.number) {
			err = fmt.Errorf("must be a whole number from %.0f to %.0f, not %q", p.Min, p.Max, s)
		}
	case NumberParam:
		n, bad := strconv.ParseFloat(s, 64)
		v.number = n
		if bad != nil || !p.allows(n) {
			err = fmt.Errorf("must be a number from %g to %g, not %q", p.Min, p.Max, s)
		}
	case ShareParam:
		n, ok := parseShare(s)
		v.number = n
		if !ok || !p.allows(n) {
			err = fmt.Errorf("must be a share from %.6g%% to %.6g%%, such as 0.2 or 20%%, not %q", 100*p.Min, 100*p.Max, s)
		}
	case BoolParam:
		v.truth = s == "true"
		if !v.truth && s != "false" {
			err = fmt.Errorf("must be true or false, not %q", s)
		}
	case ChoiceParam:
		v.text = s
		if !slices.Contains(p.Choices, s) {
			err = fmt.Errorf("must be one of %s, not %q", strings.Join(p.Choices, ", "), s)
		}
	case JitterParam:
		v.jitter, err = parseJitter(s)
	case DeploymentParam:
		v.number, err = parseDeployment(s, known.Deployments)
	case StatusesParam:
		v.statuses, err = parseStatuses(s)
	case LayersParam: // the strategy knows the libraries
		v.text = s
	case DeploymentsParam:
		v.deployments, err = p.parseDeployments(s, known.Deployments)
	case WeightsParam:
		v.weights, err = p.parseWeights(s, known.Tenants)
	}
	return v, err
}

// allows reports whether x is in range; NaN is not.
func (p *Param) allows(x float64) bool { return x >= p.Min && x <= p.Max }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// parseShare reads 0.2 or 20%. It does not check the range.
func parseShare(s string) (share float64, ok bool) {
	digits, percent := strings.CutSuffix(s, "%")
	share, err := strconv.ParseFloat(digits, 64)
	if percent {
		share /= 100
	}
	return share, err == nil && !math.IsNaN(share)
}

func parseJitter(s string) (Jitter, error) {
	switch s {
	case "none":
		return Jitter{}, nil
	case "full":
		return Jitter{Kind: Full}, nil
	case "equal":
		return Jitter{Kind: Equal}, nil
	case "decorrelated":
		return Jitter{Kind: Decorrelated}, nil
	}
	share, ok := parseShare(strings.TrimPrefix(s, "±"))
	if !ok || !(share >= 0 && share <= 1) {
		return Jitter{}, fmt.Errorf("must be none, full, equal, decorrelated, or a share from 0%% to 100%% to add or take away, such as 25%%, not %q", s)
	}
	return Jitter{Kind: PlusMinus, Share: share}, nil
}

func parseDeployment(s string, deployments []Deployment) (float64, error) {
	names := make([]string, len(deployments))
	for i, d := range deployments {
		if d.Name == s {
			return float64(i), nil
		}
		names[i] = d.Name
	}
	return 0, fmt.Errorf("must name a deployment (%s), not %q", strings.Join(names, ", "), s)
}

// parseDeployments reads at least Min names.
func (p *Param) parseDeployments(s string, known []Deployment) (list []int, err error) {
	for name := range strings.SplitSeq(s, ",") {
		i, err := parseDeployment(strings.TrimSpace(name), known)
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, int(i)) {
			return nil, fmt.Errorf("names %q twice", strings.TrimSpace(name))
		}
		list = append(list, int(i))
	}
	if len(list) < int(p.Min) {
		return nil, fmt.Errorf("must name at least %.0f deployments, not %q", p.Min, s)
	}
	return list, nil
}

// parseWeights reads NAME=WEIGHT, once for each tenant.
func (p *Param) parseWeights(s string, tenants []string) (Weights, error) {
	w := make(Weights, len(tenants))
	for part := range strings.SplitSeq(s, ",") {
		name, weight, ok := strings.Cut(strings.TrimSpace(part), "=")
		if i := slices.Index(tenants, strings.TrimSpace(name)); i < 0 && ok {
			return nil, fmt.Errorf("must name tenants (%s), not %q", strings.Join(tenants, ", "), name)
		} else if n, err := strconv.ParseFloat(strings.TrimSpace(weight), 64); !ok || err != nil || !p.allows(n) || w[i] != 0 {
			return nil, fmt.Errorf("must give tenants, each once, weights from %g to %g, such as %s=3, not %q", p.Min, p.Max, cmp.Or(name, "web"), s)
		} else {
			w[i] = n
		}
	}
	return w, nil
}

func parseStatuses(s string) ([]int, error) {
	var statuses []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 400 || n > 599 {
			return nil, fmt.Errorf("must be HTTP statuses from 400 to 599, such as 429 or 429,503, not %q", s)
		}
		statuses = append(statuses, n)
	}
	return statuses, nil
}
