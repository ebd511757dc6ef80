package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ratesim/provider/capacity"
	"ratesim/scenarios/prompts"
	"ratesim/scenarios/workload/fit"
	"ratesim/scenarios/workload/profile"
	"ratesim/sim/metrics"
)

// maxResultBytes bounds what [Read] reads. A result holds fixed-size curves; one of 20
// strategies over a day of seconds is about 40 MB.
const maxResultBytes = 256 << 20

// Saved is a result that was read. One of its fields but Name is set.
type Saved struct {
	Name      string // of the file
	Result    *metrics.Result
	Providers *Providers
	Capacity  *capacity.Report
	Offers    *SavedOffers
	Claims    *metrics.Claims
	Workload  *profile.Profile
	Tokens    *prompts.Report
	Fit       *fit.Report
}

// Read reads a result that [JSON] wrote, of whatever kind its schema names. Keys that it does
// not know are ignored, since a later version may add metrics; another schema, anything
// after the result, and values that no run produces are errors.
func Read(name string, r io.Reader) (*Saved, error) {
	data, err := io.ReadAll(&io.LimitedReader{R: r, N: maxResultBytes})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: reading the result: %w", name, err)
	case len(data) == maxResultBytes:
		return nil, fmt.Errorf("%s: the file is larger than %d MB", name, maxResultBytes>>20)
	}
	s := &Saved{Name: name}
	if err := s.decode(data); err != nil {
		return nil, fmt.Errorf("%s%w", name, err)
	}
	return s, nil
}

// decode reads the result in the type that its schema names.
func (s *Saved) decode(data []byte) error {
	var of struct {
		Schema string `json:"schema"`
	}
	if err := unmarshal(data, &of); err != nil {
		return err
	}
	var into any
	var sound func() error
	switch of.Schema {
	case metrics.Schema, metrics.SchemaV1:
		s.Result = new(metrics.Result)
		into, sound = s.Result, func() error { return checkResult(s.Result) }
	case ProvidersSchema:
		s.Providers = new(Providers)
		into, sound = s.Providers, func() error { return checkProviders(s.Providers) }
	case capacity.Schema:
		s.Capacity = new(capacity.Report)
		into, sound = s.Capacity, func() error { return checkCapacity(s.Capacity) }
	case OffersSchema:
		s.Offers = new(SavedOffers)
		into, sound = s.Offers, func() error { return checkOffers(s.Offers) }
	case metrics.ClaimsSchema:
		s.Claims = new(metrics.Claims)
		into, sound = s.Claims, func() error { return checkClaims(s.Claims) }
	case profile.Schema:
		s.Workload = new(profile.Profile)
		into, sound = s.Workload, func() error { return checkWorkload(s.Workload) }
	case prompts.Schema:
		s.Tokens = new(prompts.Report)
		into, sound = s.Tokens, func() error { return checkTokens(s.Tokens) }
	case fit.Schema:
		s.Fit = new(fit.Report)
		into, sound = s.Fit, func() error { return checkFit(s.Fit) }
	case ChangesSchema:
		return errors.New(": this is what differs between two results; give the two results themselves")
	case "":
		return errors.New(": the file has no schema, so it is not a result of ratesim; want what -o json prints, or a result.json")
	default:
		return fmt.Errorf(": the schema is %q, want one of %q", of.Schema, []string{metrics.Schema, metrics.SchemaV1, ProvidersSchema, capacity.Schema, OffersSchema, metrics.ClaimsSchema, profile.Schema, prompts.Schema, fit.Schema})
	}
	if err := unmarshal(data, into); err != nil {
		return err
	}
	if err := sound(); err != nil {
		return fmt.Errorf(": %w", err)
	}
	return nil
}

// unmarshal says where in the file it is wrong.
func unmarshal(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return errors.New(": the file is empty")
	}
	offset := -1
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		if offset = int(e.Offset); strings.HasPrefix(e.Error(), "unexpected end") {
			return errors.New(": the file is cut off")
		}
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = int(e.Offset)
	}
	if offset < 0 || offset > len(data) {
		return fmt.Errorf(": %w", err)
	}
	before := data[:offset]
	line, column := 1+bytes.Count(before, []byte("\n")), offset-bytes.LastIndexByte(before, '\n')-1
	return fmt.Errorf(":%d:%d: %w", line, max(column, 1), err)
}

// IsHerd reports whether a result is of ratesim herd, whose scenario has this name.
func (s *Saved) IsHerd() bool { return s.Result != nil && s.Result.Scenario == KindHerd }

// Document is the report of what was saved.
func (s *Saved) Document(by string) *Document {
	switch {
	case s.Providers != nil:
		return SideBySide(s.Providers.Results, by)
	case s.Capacity != nil:
		return Capacity(s.Capacity)
	case s.Offers != nil:
		return s.Offers.document()
	case s.Claims != nil:
		return Claims(s.Claims)
	case s.Workload != nil:
		return Workload(s.Workload)
	case s.Tokens != nil:
		return Tokens(s.Tokens)
	case s.Fit != nil:
		return Fit(s.Fit)
	case s.IsHerd():
		return Herd(s.Result, by)
	}
	return Compare(s.Result, by)
}

// checkResult finds what would make a report of r nonsense.
func checkResult(r *metrics.Result) error {
	if r.Replications < 1 {
		return fmt.Errorf("replications is %d, must be at least 1", r.Replications)
	}
	seen := map[string]bool{}
	for i := range r.Strategies {
		s := &r.Strategies[i]
		if s.Name == "" {
			return fmt.Errorf("strategies[%d] has no name", i)
		}
		if seen[s.Name] {
			return fmt.Errorf("two strategies are called %q", s.Name)
		}
		seen[s.Name] = true
		c := s.Curves
		if c != nil && c.Width <= 0 && len(c.AttemptsPerS)+len(c.RejectedPerS)+len(c.QuotaUsed) > 0 {
			return fmt.Errorf("curves of %q have width %g, must be positive", s.Name, c.Width)
		}
	}
	if r.Verdict != nil {
		return checkVerdict(r.Verdict)
	}
	return nil
}

// checkVerdict finds what the sentences of a verdict cannot do without.
func checkVerdict(v *metrics.Verdict) error {
	switch v.State {
	case metrics.Decided, metrics.Tied, metrics.Undecided, metrics.Leads:
		if len(v.Chosen) == 0 {
			return fmt.Errorf("the verdict is %s and has chosen nothing", v.State)
		}
	case metrics.Nothing:
	default:
		return fmt.Errorf("the verdict's state is %q", v.State)
	}
	reasons := slices.Concat(v.Why, v.Possible)
	for i := range v.Buy {
		if v.Buy[i].USD == nil {
			return fmt.Errorf("buy[%d] has no usd", i)
		}
		reasons = append(reasons, v.Buy[i].Gains...)
	}
	for _, w := range reasons {
		if w.Metric == "failed_per_1000" && w.Difference == nil || w.Metric != "failed_per_1000" && w.Ratio == nil && !strings.HasPrefix(w.Metric, "time_to_success_") {
			return fmt.Errorf("%s of %q has no difference", w.Metric, w.Against)
		}
	}
	if v.Fits != nil && v.Fits.Provider != "" && v.Fits.SuccessRate == nil {
		return errors.New("fits has no success_rate")
	}
	if v.Baseline != nil {
		for i := range v.Baseline.Saved {
			if v.Baseline.Saved[i].CallsPerDay == nil {
				return fmt.Errorf("saved[%d] has no calls_per_day", i)
			}
		}
	}
	return nil
}

func checkProviders(p *Providers) error {
	if len(p.Results) == 0 {
		return errors.New("there are no results in it")
	}
	for i, r := range p.Results {
		if r == nil {
			return fmt.Errorf("results[%d] is null", i)
		}
		if err := checkResult(r); err != nil {
			return fmt.Errorf("results[%d]: %w", i, err)
		}
	}
	return nil
}

// checkCapacity finds what tables and sentences index without asking.
func checkCapacity(r *capacity.Report) error {
	if len(r.Options) == 0 {
		return errors.New("there are no options in it")
	}
	if i := r.Recommendation.Option; i < -1 || i >= len(r.Options) {
		return fmt.Errorf("recommendation.option is %d, want -1 to %d", i, len(r.Options)-1)
	}
	return nil
}

// checkOffers does so of several answers.
func checkOffers(o *SavedOffers) error {
	if len(o.Results) == 0 {
		return errors.New("there are no results in it")
	}
	for i, r := range o.Results {
		if r == nil {
			return fmt.Errorf("results[%d] is null", i)
		}
		if err := checkCapacity(r); err != nil {
			return fmt.Errorf("results[%d]: %w", i, err)
		}
	}
	return nil
}

func checkClaims(c *metrics.Claims) error {
	for i := range c.Claims {
		for k := range c.Claims[i].Cases {
			if len(c.Claims[i].Cases[k].Expectations) == 0 {
				return fmt.Errorf("cases[%d] of claim %q has no expectations", k, c.Claims[i].Name)
			}
		}
	}
	return nil
}
