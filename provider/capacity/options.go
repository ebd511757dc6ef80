package capacity

import "ratesim/provider/catalog"

// An Option is one way to serve a demand, and what it costs.
type Option struct {
	// Name is payg, ptu, ptu+spillover or ptu-schedule, and with +batch; gsu, scale-tier or
	// reserved stand in ptu's place where the units are others.
	Name       string `json:"name"`
	Commitment string `json:"commitment"` // none, hourly, weekly, monthly, quarterly, yearly, or yearly+hourly
	Deployment string `json:"deployment"` // its kind
	PTUs       int    `json:"ptus"`       // units that are bought; of a schedule, the most
	// Outputs are the units of output that are bought beside them, where input and output are
	// bought by themselves.
	Outputs int    `json:"output_units,omitempty"`
	Unit    string `json:"unit,omitempty"` // what a unit is called; absent for a PTU
	// Rule is p95 of the option whose size is the one that the 95th percentile of the
	// demand needs, which many take as a rule of thumb; empty of others.
	Rule string `json:"rule,omitempty"`

	USDPerMonth float64 `json:"usd_per_month"` // in Currency
	USDPerYear  float64 `json:"usd_per_year"`  // in Currency
	// Utilisation is which share of the throughput bought is used, over the log.
	Utilisation float64 `json:"utilisation,omitempty"`
	// SpilledShare is which share of the normalised tokens goes to
	// pay-as-you-go, over the whole log: the integral of the demand above the
	// capacity.
	SpilledShare float64 `json:"spilled_share"`
	// What the simulator measured; see Replay. Nil where it did not.
	RejectedShare   *float64 `json:"rejected_share,omitempty"`         // of the requests that were replayed
	ReplayedSpilled *float64 `json:"replayed_spilled_share,omitempty"` // of the requests that were replayed
	LatencyP50      *float64 `json:"latency_p50,omitempty"`            // seconds
	LatencyP95      *float64 `json:"latency_p95,omitempty"`            // seconds
	LatencyP99      *float64 `json:"latency_p99,omitempty"`            // seconds
	MeetsSLO        bool     `json:"meets_slo"`                        // whether it meets all objectives
	// Missed says which objectives are missed, and by what.
	Missed   []string  `json:"missed,omitempty"`
	Schedule *Schedule `json:"schedule,omitempty"` // the PTUs of each hour

	// Online is the share of the demand that is served at once, the rest being
	// batched; Spills says where it goes when the PTUs are full.
	Online float64 `json:"online_share"`
	Spills bool    `json:"spills"`
}

// options lists what can be done, pay-as-you-go first. A size without spillover
// is the smallest of which at most a share of the tokens is over the capacity;
// with it, the cheapest. The size by rule of thumb is always among them.
func (e *Evaluation) options(over, batch float64) []Option {
	list := []Option{e.payAsYouGo(1)}
	if len(e.offer.Terms) > 0 {
		strict := e.overflow.Within(e.offer.Sizes, e.offer.PerUnit, over)
		for _, t := range e.offer.Terms {
			list = append(list, e.ptu(e.name(), strict, t.Commitment, 1, false))
		}
		for _, t := range e.offer.Terms {
			list = append(list, e.ptu(e.name()+spillover, e.best(e.overflow, t.Commitment, 1), t.Commitment, 1, true))
		}
		list = e.ruleOfThumb(list)
	}
	if s, ok := NewSchedule(e.demand, e.x, e.offer, over); ok && s.Extra > 0 {
		list = append(list, e.scheduled(s))
	}
	if batch > 0 {
		online := 1 - batch
		list = append(list, e.payAsYouGo(online))
		if c := e.offer.Longest(); len(e.offer.Terms) > 0 {
			list = append(list, e.ptu(e.name()+spillover, e.best(e.overflow, c, online), c, online, true))
		}
	}
	for i := range list {
		list[i].Deployment = e.offer.Deployment
		list[i].USDPerYear = 12 * list[i].USDPerMonth
		if list[i].Online < 1 {
			list[i].Name += "+batch"
		}
	}
	return list
}

// spillover ends the names of options of which what exceeds the capacity is served as
// pay-as-you-go.
const spillover = "+spillover"

// name is what options of the capacity that is sold are called.
func (e *Evaluation) name() string {
	if e.offer.sold.Product == "provisioned-throughput" {
		return "gsu"
	}
	return e.offer.sold.Product
}

// ruleOfThumb marks the last of the options, the cheapest with spillover, if it is as large as the
// 95th percentile of the demand needs, or else adds an option of that size.
func (e *Evaluation) ruleOfThumb(list []Option) []Option {
	size := e.offer.Sizes.AtLeast(e.p95 / e.offer.PerUnit)
	if list[len(list)-1].PTUs != size {
		list = append(list, e.ptu(e.name()+spillover, size, e.offer.Longest(), 1, true))
	}
	list[len(list)-1].Rule = "p95"
	return list
}

// WithSize returns an option of so many PTUs in place of its own. It must not be
// a schedule, nor pay-as-you-go.
func (e *Evaluation) WithSize(o *Option, units int) Option {
	c, _ := o.commitment()
	resized := e.ptu(o.Name, units, c, o.Online, o.Spills)
	resized.Deployment, resized.USDPerYear = o.Deployment, 12*resized.USDPerMonth
	return resized
}

// best is the cheapest size with spillover, the smallest that there is where
// none pays.
func (e *Evaluation) best(o *Overflow, c Commitment, online float64) int {
	perMinute := e.offer.price(c) / minutesPerMonth
	// A demand scaled by g has the cost g x cost(capacity / g).
	return max(e.offer.Sizes.Minimum, o.Best(e.offer.Sizes, e.offer.PerUnit/online, perMinute/online))
}

func (e *Evaluation) batched(online float64) float64 {
	return (1 - online) * (1 - e.offer.Batch) * e.payg
}

func (e *Evaluation) payAsYouGo(online float64) Option {
	return Option{Name: "payg", Commitment: "none", Online: online,
		USDPerMonth: e.payg*online + e.batched(online)}
}

func (e *Evaluation) ptu(name string, units int, c Commitment, online float64, spills bool) Option {
	capacity := float64(units) * e.offer.PerUnit / online // as the whole demand would see it
	o := Option{Name: name, Commitment: c.String(), PTUs: units, Outputs: e.offer.OutputsFor(units), Unit: e.unitOf(), Online: online, Spills: spills,
		USDPerMonth: e.offer.cost(units, c) + e.batched(online),
		Utilisation: e.overflow.Used(capacity)}
	if spills {
		o.USDPerMonth += online * e.overflow.Cost(capacity) * minutesPerMonth
		o.SpilledShare = e.overflow.Share(capacity)
	} else {
		o.RejectedShare = new(e.overflow.Share(capacity))
	}
	return o
}

// scheduled is a yearly reservation with hourly PTUs on top.
func (e *Evaluation) scheduled(s Schedule) Option {
	o := Option{Name: e.name() + "-schedule", Commitment: "yearly+hourly", Unit: e.unitOf(), Online: 1, Schedule: &s,
		USDPerMonth: float64(s.Reserved)*e.offer.price(Yearly) + s.Extra*e.offer.price(Hourly)}
	for _, n := range s.Hours {
		o.PTUs = max(o.PTUs, n)
	}
	over, used, bought := 0.0, 0.0, 0.0
	for i, x := range e.x {
		c := float64(s.At(e.demand, i)) * e.offer.PerUnit
		over += max(0, x-c)
		used += min(x, c)
		bought += c
	}
	o.Utilisation = used / bought
	o.RejectedShare = new(over / max(over+used, 1))
	return o
}

// unitOf is what options say of their unit.
func (e *Evaluation) unitOf() string {
	if e.offer.Unit == "PTU" {
		return ""
	}
	return e.offer.Unit
}

// Sized are the PTUs, or other units, that percentiles of the demand need.
type Sized struct {
	P50 int `json:"p50"` // PTUs for the 50th percentile
	P90 int `json:"p90"` // PTUs for the 90th percentile
	P95 int `json:"p95"` // PTUs for the 95th percentile
	P99 int `json:"p99"` // PTUs for the 99th percentile
	Max int `json:"max"` // PTUs for the largest minute
}

func sized(l Levels, s catalog.Sizes, perPTU float64) Sized {
	if perPTU == 0 {
		return Sized{} // nothing is sold in units
	}
	at := func(v float64) int { return s.AtLeast(v / perPTU) }
	return Sized{at(l.P50), at(l.P90), at(l.P95), at(l.P99), at(l.Max)}
}
