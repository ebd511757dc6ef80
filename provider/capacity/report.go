package capacity

import (
	"fmt"
	"math"
	"strings"
	"time"

	"ratesim/sim/rng"
)

// Schema names the layout of Report. It changes only with the layout.
const Schema = "ratesim/ptu/v1"

// Report is what is printed: as it is by -o json, and by package reports for
// people. Prices are in Currency; shares are of 1.
type Report struct {
	Schema      string  `json:"schema"`             // ratesim/ptu/v1
	Vendor      string  `json:"vendor"`             // of the capacity
	Model       string  `json:"model"`              // its name in the catalog
	Unit        string  `json:"unit,omitempty"`     // what a unit of capacity is called, PTU or another, of all that is called PTUs here; absent where none is sold
	PerUnit     float64 `json:"unit_tpm,omitempty"` // normalised tokens a minute that a unit gives
	Deployment  string  `json:"deployment"`         // global, data-zone or regional
	Currency    string  `json:"currency"`           // of all prices
	Source      string  `json:"source"`             // of the demand
	Start       string  `json:"start,omitempty"`    // when the log begins
	Minutes     int     `json:"minutes"`            // how long the log is
	Granularity string  `json:"granularity"`        // request, minute, hour, day, or a duration
	// Requests, CachedShare of the prompts and OutputShare of all tokens.
	Requests    int64   `json:"requests"`
	CachedShare float64 `json:"cached_share"`
	OutputShare float64 `json:"output_share"`

	TPM        Levels            `json:"tpm"`                   // tokens a minute as logged
	Normalised Levels            `json:"normalised_tpm"`        // tokens a minute as a PTU counts them
	ByHour     []Period          `json:"by_hour,omitempty"`     // demand by hour of the day
	ByWeekday  []Period          `json:"by_weekday,omitempty"`  // demand by day of the week
	PTUsAt     Sized             `json:"ptus_at"`               // PTUs that serve a level of the demand
	Sizes      []DeploymentSizes `json:"sizes"`                 // the same for each kind of deployment
	WithinHour []Bursty          `json:"within_hour,omitempty"` // what a log by the hour may hide

	BreakEven BreakEvens `json:"break_even_utilisation"`          // utilisation from which PTUs are cheaper
	Uncached  BreakEvens `json:"break_even_utilisation_uncached"` // had none of the prompts been cached

	Options        []Option       `json:"options"`          // what can be bought
	Objectives     []string       `json:"slo"`              // what is good enough
	Replay         *Replay        `json:"replay,omitempty"` // what was simulated
	Recommendation Recommendation `json:"recommendation"`   // which option to buy
	Assumptions    []Assumption   `json:"assumptions"`      // prices and rules, with their sources
	Warnings       []string       `json:"warnings"`         // what a reader should know before using the numbers
	Curves         *Curves        `json:"curves,omitempty"` // what the pictures are drawn from
}

// DeploymentSizes are the PTUs needed in one kind of deployment.
type DeploymentSizes struct {
	Deployment string `json:"deployment"` // its kind
	Minimum    int    `json:"minimum"`    // the smallest number of PTUs
	Step       int    `json:"step"`       // in which PTUs are added
	PTUsAt     Sized  `json:"ptus_at"`    // PTUs that serve a level of the demand
}

// Bursty is what comes of intervals longer than a minute when their minutes
// vary so much.
type Bursty struct {
	CV          float64 `json:"cv"`             // assumed coefficient of variation of the minutes of an hour
	P99         float64 `json:"normalised_p99"` // tokens a minute
	Max         float64 `json:"normalised_max"` // tokens a minute
	PTUsAtP99   int     `json:"ptus_at_p99"`    // PTUs that serve the 99th percentile
	PTUs        int     `json:"ptus"`           // the cheapest with spillover, reserved for a year; 0 = none pays
	USDPerMonth float64 `json:"usd_per_month"`  // cost of these PTUs
}

// BreakEvens are break-even utilisations by the names of commitments, hourly, weekly, monthly,
// quarterly and yearly, as far as units are sold for them; see Offer.BreakEven.
type BreakEvens map[string]float64

// BreakEvens returns those of all commitments that there are.
func (o *Offer) BreakEvens(mix Tokens) BreakEvens {
	all := BreakEvens{}
	for _, t := range o.Terms {
		all[t.Commitment.String()] = o.BreakEven(t.Commitment, mix)
	}
	return all
}

// Replay says what was simulated to measure the service.
type Replay struct {
	From     string  `json:"from,omitempty"`    // where in the log it begins
	Minutes  int     `json:"minutes"`           // how long it is
	Requests int64   `json:"requests"`          // that were replayed
	PAYG     string  `json:"payg"`              // the deployment's reference; empty for one without limits
	Limits   []Limit `json:"limits,omitempty"`  // of the pay-as-you-go deployment; none where it has none
	Assumed  bool    `json:"assumed,omitempty"` // nobody said which pay-as-you-go deployment it is: the largest tier was taken
	// Tiers are the smaller pay-as-you-go deployments that could have been assumed, the
	// smallest first, up to the one that serves everything.
	Tiers []Tier  `json:"tiers,omitempty"`
	Width float64 `json:"width_s,omitempty"` // seconds of a step of utilisation
	// Utilisation of the recommended PTUs over time, a value each Width seconds.
	Utilisation []float64 `json:"utilisation,omitempty"`
}

// Limit is one limit of a deployment.
type Limit struct {
	Name string `json:"name"` // as the catalog names it: rpm, tpm and so on
	Most int64  `json:"most"` // of what it counts, in its period
}

// Tier is what would happen if pay-as-you-go had the limits of another tier.
type Tier struct {
	Ref      string  `json:"ref"`            // of the deployment in the catalog
	Limits   []Limit `json:"limits"`         // of it
	Rejected float64 `json:"rejected_share"` // of the requests, on pay-as-you-go alone
	// WithChosen is the share of the requests that is refused with the recommended option;
	// nil where that is pay-as-you-go alone, or there is none.
	WithChosen *float64 `json:"rejected_share_of_recommended,omitempty"`
	Option     int      `json:"option"` // index of the option that would be recommended; -1 = none meets the objectives
}

// Recommendation is the answer.
type Recommendation struct {
	Option       int      `json:"option"`                   // index of Options; -1 = none meets the objectives
	USDPerMonth  float64  `json:"usd_per_month"`            // cost of the option
	PTUsInterval [2]int   `json:"ptus_interval"`            // 95 %; the size alone if ByObjective
	Pays         *float64 `json:"ptu_pays_share,omitempty"` // share of resampled logs in which PTUs are cheaper
	ByObjective  bool     `json:"by_objective"`             // something cheaper misses an objective
	Why          string   `json:"why"`                      // the reason, in a sentence
	FlipsIf      []string `json:"flips_if"`                 // changes after which another option is the best
	// Flips are those of FlipsIf that are a change of one number.
	Flips []Flip `json:"flips,omitempty"`
}

// Flip is a change from which on another option is cheaper, all else as it is.
type Flip struct {
	What   string  `json:"what"`   // demand, pay-as-you-go prices, or PTU prices
	Change float64 `json:"change"` // -0.2: falls by a fifth
	Then   string  `json:"then"`   // what is cheaper then
	If     string  `json:"-"`      // as FlipsIf says it
}

// Evaluation is a demand held against an offer.
type Evaluation struct {
	Report *Report

	demand     *Demand
	offer      *Offer
	x, cost    []float64 // normalised tokens, and pay-as-you-go price, of each minute
	overflow   *Overflow
	payg       float64 // what all tokens cost a month without PTUs
	p95        float64 // of x
	objectives []Objective
	key        rng.Key
}

// Settings are what a user decides.
type Settings struct {
	Objectives []Objective // none: at most 0.1 % of requests refused
	Batch      float64     // share of the demand that can wait for a batch, 0 to below 1
	Source     string      // of the demand, for people
	Currency   string      // of the prices; empty = USD
	Key        rng.Key
	// Others are the same model in other kinds of deployment, of which only the
	// sizes are told.
	Others []*Offer
}

// Evaluate works out everything but the service and the recommendation. The
// demand must have a minute with tokens.
func Evaluate(d *Demand, o *Offer, s Settings) *Evaluation {
	e := &Evaluation{demand: d, offer: o, objectives: s.Objectives, key: s.Key}
	if len(e.objectives) == 0 {
		e.objectives = usual()
	}
	raw := make([]float64, len(d.Minutes))
	e.x, e.cost = make([]float64, len(raw)), make([]float64, len(raw))
	for i, t := range d.Minutes {
		raw[i], e.x[i], e.cost[i] = t.Raw(), o.Weights.Normalise(t), o.PayAsYouGo(t)
	}
	e.overflow = NewOverflow(e.x, e.cost)
	e.payg = mean(e.cost) * minutesPerMonth
	total := d.Total()
	uncached := total
	uncached.Cached = 0
	r := &Report{Schema: Schema, Vendor: o.Vendor, Model: o.Model, Unit: o.Unit, PerUnit: o.PerUnit, Deployment: o.Deployment, Currency: s.Currency, Source: s.Source,
		Minutes: len(d.Minutes), Granularity: granularity(d.Granularity), Requests: int64(math.Round(total.Requests)),
		CachedShare: total.Cached / max(total.Prompt, 1), OutputShare: total.Output / max(total.Raw(), 1),
		TPM: levels(raw, d.Rolling), Normalised: levels(e.x, d.Normalised),
		BreakEven: o.BreakEvens(total), Uncached: o.BreakEvens(uncached),
		Assumptions: o.Assumptions, Warnings: append(append([]string{}, o.Notes...), e.warnings()...)}
	if r.Currency == "" {
		r.Currency = "USD"
	}
	if d.Dated {
		r.Start = d.Start.Format(time.RFC3339)
		r.ByHour = periods(d, e.x, hourNames(), func(t time.Time) int { return t.Hour() })
		r.ByWeekday = periods(d, e.x, dayNames[:], weekday)
	}
	for _, p := range append([]*Offer{o}, s.Others...) {
		if p.Unit == "" {
			continue
		}
		at := sized(r.Normalised, p.Sizes, p.PerUnit)
		r.Sizes = append(r.Sizes, DeploymentSizes{p.Deployment, p.Sizes.Minimum, p.Sizes.Step, at})
	}
	if e.p95 = r.Normalised.P95; len(r.Sizes) > 0 {
		r.PTUsAt = r.Sizes[0].PTUsAt
	}
	over := usual()[0].Most
	for _, b := range e.objectives {
		r.Objectives = append(r.Objectives, b.String())
		if b.Metric == "rejected" {
			over = b.Most
		}
	}
	r.Options = e.options(over, s.Batch)
	e.Report = r
	r.Curves = e.curves()
	return e
}

var dayNames = [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

func hourNames() []string {
	var names []string
	for h := range 24 {
		names = append(names, fmt.Sprintf("%02d", h))
	}
	return names
}

func granularity(d time.Duration) string {
	switch d {
	case 0:
		return "request"
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	case 24 * time.Hour:
		return "day"
	}
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} { // 15m and 2h, not 15m0s and 2h0m0s
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// AddBursts takes down what comes of a demand whose minutes vary otherwise
// within the intervals of the log.
func (e *Evaluation) AddBursts(d *Demand, cv float64) {
	if len(e.offer.Terms) == 0 {
		return
	}
	o := Evaluate(d, e.offer, Settings{})
	longest := o.offer.Longest()
	b := Bursty{CV: cv, P99: o.Report.Normalised.P99, Max: o.Report.Normalised.Max, PTUsAtP99: o.Report.PTUsAt.P99,
		PTUs: o.overflow.Best(o.offer.Sizes, o.offer.PerUnit, o.offer.price(longest)/minutesPerMonth), USDPerMonth: o.payg}
	if b.PTUs > 0 {
		b.USDPerMonth = o.ptu("", b.PTUs, longest, 1, true).USDPerMonth
	}
	e.Report.WithinHour = append(e.Report.WithinHour, b)
}

// warnings says what the log cannot support.
func (e *Evaluation) warnings() []string {
	var out []string
	d := e.demand
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch days := d.Days(); {
	case days < 1:
		warn("the log covers %s, less than a day: it knows no nights, no weekends and no other days; percentiles, prices per month and the recommendation take it as typical of all hours, and there is no interval", span(len(d.Minutes)))
	case days < 2:
		warn("the log has less than two whole days: there is no interval, and no weekday to compare")
	case days < 7 && d.Dated:
		warn("the log covers %s, less than a week: weekends, if it has any, count as it has them, and the interval rests on %d days", span(len(d.Minutes)), int(days))
	}
	if !d.Dated {
		warn("times count from an unknown beginning: hours of the day and weekdays are not known")
	}
	if d.Empty > 0 {
		where := fmt.Sprintf("%v after the beginning", d.Gap.From.Sub(d.Start))
		if d.Dated {
			where = d.Gap.From.Format("2006-01-02 15:04 MST")
		}
		warn("%d of %d minutes have no row; they were taken as minutes without demand, not as unknown (the longest gap: %s from %s)", d.Empty, len(d.Minutes), span(d.Gap.Minutes), where)
	}
	if d.Granularity > time.Minute {
		warn("rows by the %s do not tell how demand varies within them: minutes were drawn around the mean; see the range", granularity(d.Granularity))
	}
	if d.Granularity >= 24*time.Hour {
		warn("daily rows do not tell peak hours either: peaks are higher, and PTUs pay less, than this says")
	}
	if d.Granularity > 0 {
		warn("the most in any 60 s is not known without single requests; it is at least that of the busiest minute")
	}
	return out
}

// span writes a number of minutes for people.
func span(minutes int) string {
	switch d := time.Duration(minutes) * time.Minute; {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", minutes)
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	default:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
}
