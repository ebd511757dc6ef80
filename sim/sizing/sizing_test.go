package sizing

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
)

// log is a Log in memory.
type log struct {
	rows     []workload.Record
	relative bool
	next     int
}

func (l *log) Next(rec *workload.Record) bool {
	if l.next == len(l.rows) {
		return false
	}
	*rec = l.rows[l.next]
	l.next++
	return true
}
func (l *log) Err() error         { return nil }
func (l *log) Warnings() []string { return []string{"a warning of the reader"} }
func (l *log) Relative() bool     { return l.relative }

var monday = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// byMinute is a log of minutes of n normalised tokens in requests of a size, 10
// tokens of each being output, which count 4.
func byMinute(size int64, tokens ...int64) *log {
	l := &log{}
	for i, n := range tokens {
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(i) * time.Minute), Width: time.Minute, Requests: n / size, Prompt: n - n/size*40, Output: n / size * 10, Line: i + 2})
	}
	return l
}

func question(l Log) *Question {
	return &Question{Usage: l, Source: "test", Catalog: catalog.Embedded(), Offers: []Wanted{{Vendor: "azure", Model: "gpt-4o"}}, Deployment: catalog.Global, Seed: 1}
}

func answer(t *testing.T, q *Question) *capacity.Report {
	t.Helper()
	all, err := Answer(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// What spills in the simulation is the integral of the demand above the
// capacity, less what a deployment takes before it is full. Here demand is twice
// the capacity for half an hour and nearly nothing for the next: the bucket holds a
// minute's worth C and is nearly empty when it begins, so each time C less is
// spilled. The rest of the tolerance is what the bucket still holds of quiet
// minutes, a fifth of C, and that the last request admitted passes the brim: the
// longest is about 6,000 tokens.
func TestSpilledIsTheIntegral(t *testing.T) {
	const units, spells = 40, 6
	const full = 2500 * units // C
	var tokens []int64
	for range spells {
		for i := range 60 {
			tokens = append(tokens, map[bool]int64{true: 2 * full, false: full / 5}[i < 30])
		}
	}
	s, _ := stageOf(t, question(byMinute(500, tokens...)))
	got, err := s.play(t.Context(), play{units: units, spills: true, online: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	x, cost := make([]float64, len(tokens)), make([]float64, len(tokens))
	for i, n := range tokens {
		x[i] = float64(n)
		total += x[i]
	}
	integral := capacity.NewOverflow(x, cost).Share(full) * total
	if want := float64(spells * 30 * full); math.Abs(integral-want) > 1 {
		t.Fatalf("integral %v, want %v", integral, want)
	}
	spilled := got.spilled * total
	if want, slack := integral-spells*full, spells*(0.2*full+2*6000.0); math.Abs(spilled-want) > slack {
		t.Errorf("%.0f tokens spilled, want %.0f ± %.0f (integral %.0f)", spilled, want, slack, integral)
	}
	if got.rejected != 0 {
		t.Errorf("%v refused by pay-as-you-go", got.rejected)
	}
	// Without spillover the same are refused.
	none, err := s.play(t.Context(), play{units: units, online: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(none.rejected-got.of.Values[metrics.Rejected].Mean/got.of.Values[metrics.Calls].Mean) > 0.01 {
		t.Errorf("%v refused without spillover, %v with", none.rejected, got.of.Values[metrics.Rejected].Mean/got.of.Values[metrics.Calls].Mean)
	}
}

// stageOf is the stage on which a log is replayed.
func stageOf(t *testing.T, q *Question) (*stage, *capacity.Report) {
	t.Helper()
	offer, err := capacity.NewOffer(q.Catalog, q.Offers[0].Vendor, q.Offers[0].Model, q.Deployment, q.Prices)
	if err != nil {
		t.Fatal(err)
	}
	m := capacity.NewMeter(offer.Weights, true, rng.New(1, 0))
	if _, _, err := fromLog(q.Usage, nil, m); err != nil {
		t.Fatal(err)
	}
	r := &capacity.Report{}
	d := m.Demand(0)
	s, err := newStage(q, q.Offers[0].PAYG, offer.For(d.Total()), d, r)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// Pay-as-you-go counts what requests will use: of 400,000 tokens a minute, half
// of them output, against 300,000 in each minute of the clock a quarter is
// refused, give or take a request of at most 40,000 tokens a minute.
func TestPayAsYouGoIsLimited(t *testing.T) {
	l := &log{}
	for i := range 60 {
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(i) * time.Minute), Width: time.Minute, Requests: 200, Prompt: 200_000, Output: 200_000})
	}
	q := question(l)
	q.Offers[0].PAYG = "azure/gpt-4o@dz-tier-1"
	s, _ := stageOf(t, q)
	got, err := s.play(t.Context(), play{online: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.rejected-0.25) > 0.1 {
		t.Errorf("%v refused, want 0.25", got.rejected)
	}
}

// Tokens from the cache do not fill PTUs: 150,000 of which half are cached are
// three quarters of 40 PTUs.
func TestCachedReplay(t *testing.T) {
	l := &log{}
	for i := range 60 {
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(i) * time.Minute), Width: time.Minute, Requests: 150, Prompt: 150_000, Cached: 75_000})
	}
	s, _ := stageOf(t, question(l))
	got, err := s.play(t.Context(), play{units: 40, online: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.rejected != 0 {
		t.Errorf("%v refused", got.rejected)
	}
}

// What a request will use counts when it comes: of three minutes' worth of 40
// PTUs that come in one, the bucket takes one and drains another, and a third is
// refused, give or take two requests of thirty.
func TestProvisionedCountsOutput(t *testing.T) {
	l := &log{}
	for i := range 10 {
		rec := workload.Record{Start: monday.Add(time.Duration(i) * time.Minute), Width: time.Minute}
		if i == 0 {
			rec.Requests, rec.Prompt, rec.Output = 300, 3_000, 74_250 // 300,000 normalised
		}
		l.rows = append(l.rows, rec)
	}
	s, _ := stageOf(t, question(l))
	s.shapes = []shape{{1, 1}}
	got, err := s.play(t.Context(), play{units: 40, online: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.rejected-1.0/3) > 2.0/30 {
		t.Errorf("%v refused", got.rejected)
	}
}

// A schedule that has too little is too little in the simulation too.
func TestScheduleBinds(t *testing.T) {
	var tokens []int64
	for range 120 {
		tokens = append(tokens, 60_000)
	}
	s, _ := stageOf(t, question(byMinute(2500, tokens...)))
	schedule := &capacity.Schedule{Reserved: 15, Hours: make([]int, 24)}
	for h := range schedule.Hours {
		schedule.Hours[h] = 15
	}
	schedule.Hours[0] = 80
	got, err := s.play(t.Context(), play{units: 80, online: 1, cuts: true}, schedule)
	if err != nil {
		t.Fatal(err)
	}
	// 37,500 of 60,000 in one of two hours, less a minute's worth.
	if want := (22_500.0*60 - 37_500) / (60_000 * 120); math.Abs(got.rejected-want) > 0.01 {
		t.Errorf("%v refused, want %v", got.rejected, want)
	}
}

// A log too long to replay is replayed where it is busiest.
func TestBusiest(t *testing.T) {
	var tokens []int64
	for i := range 3 * 24 * 60 {
		n := int64(50_000)
		if day := i / (24 * 60); day == 1 {
			n = 60_000
		}
		tokens = append(tokens, n)
	}
	for _, k := range []struct {
		size    int64
		minutes int
		from    time.Time
	}{
		{5_000, len(tokens), monday}, // 46,000 requests
		{500, 24 * 60, monday.Add(24 * time.Hour)},
		{50, 60, monday.Add(24 * time.Hour)}, // 72,000 an hour
	} {
		l := byMinute(k.size, tokens...)
		if k.size == 50 { // an hour is busier than the others of its day
			for i := range 60 {
				l.rows[24*60+600+i].Prompt += 10_000
			}
			k.from = k.from.Add(10 * time.Hour)
		}
		s, r := stageOf(t, question(l))
		if len(s.used) != k.minutes || r.Replay.From != k.from.Format(time.RFC3339) || r.Replay.Minutes != k.minutes {
			t.Errorf("requests of %d: %d minutes from %s, want %d from %v", k.size, len(s.used), r.Replay.From, k.minutes, k.from)
		}
	}
}

// PTUs without spillover are as many as the busiest part of a log needs. The log
// as a whole could do with 40: what a spell of 110,000 tokens a minute is over
// 100,000 comes to 0.1 % of two weeks. But it is more of the week that is replayed.
func TestEnough(t *testing.T) {
	var tokens []int64
	for i := range 14 * 24 * 60 {
		n := int64(50_000)
		if i >= 10*24*60 && i < 10*24*60+95 {
			n = 110_000
		}
		tokens = append(tokens, n)
	}
	r := answer(t, question(byMinute(4_900, tokens...)))
	for i := range r.Options {
		if o := &r.Options[i]; o.Name == "ptu" && (*o.RejectedShare > 0.001 || o.PTUs != 45 || o.USDPerYear != 12*o.USDPerMonth) {
			t.Errorf("%d PTUs refuse %v of the busiest %d minutes", o.PTUs, *o.RejectedShare, r.Replay.Minutes)
		}
	}
}

// Where the cheapest size with spillover misses an objective, a larger one that
// meets it is found.
func TestObjectiveNeedsMore(t *testing.T) {
	var tokens []int64
	for i := range 24 * 60 {
		tokens = append(tokens, map[bool]int64{true: 100_000, false: 50_000}[i/60%4 == 0])
	}
	free := answer(t, question(byMinute(2500, tokens...)))
	q := question(byMinute(2500, tokens...))
	q.Objectives = []capacity.Objective{{Metric: "spilled", Most: 0.05}}
	held := answer(t, q)
	a := &free.Options[free.Recommendation.Option]
	if a.PTUs != 20 || a.SpilledShare <= 0.05 {
		t.Errorf("free: %+v", a)
	}
	// An hour of four is 100,000: 35 PTUs, 87,500, spill 12,500 of 250,000: just 5 %.
	var yearly []capacity.Option
	for _, o := range held.Options {
		if o.Name == "ptu+spillover" && o.Commitment == "yearly" && o.Rule == "" {
			yearly = append(yearly, o)
		}
	}
	if len(yearly) != 2 || yearly[0].PTUs != 20 || yearly[0].MeetsSLO || yearly[1].PTUs != 35 || !yearly[1].MeetsSLO || yearly[1].USDPerMonth <= yearly[0].USDPerMonth {
		t.Errorf("%+v", yearly)
	}
	// At twice the price by the token it is the cheapest that meets it.
	q = question(byMinute(2500, tokens...))
	q.Objectives, q.Prices.Input, q.Prices.Output = []capacity.Objective{{Metric: "spilled", Most: 0.05}}, new(5.0), new(20.0)
	r := answer(t, q)
	if o := &r.Options[r.Recommendation.Option]; o.PTUs < 35 || !o.MeetsSLO {
		t.Errorf("%+v", o)
	}
}

// A steady demand that fills 20 PTUs: reserved for a year they cost 20 x 221 =
// $4,420 a month, by the token 50,000 x 43,800 x 2.5 / 1e6 = $5,475.
func TestAnswer(t *testing.T) {
	var tokens []int64
	for range 3 * 24 * 60 {
		tokens = append(tokens, 50_000)
	}
	r := answer(t, question(byMinute(2500, tokens...)))
	o := &r.Options[r.Recommendation.Option]
	if o.Name != "ptu+spillover" || o.Commitment != "yearly" || o.PTUs != 20 || math.Abs(o.USDPerMonth-4420) > 1e-6 {
		t.Errorf("%+v", o)
	}
	if p := r.Options[0].USDPerMonth; math.Abs(p-5475) > 1e-6 {
		t.Errorf("pay-as-you-go %v", p)
	}
	if r.Granularity != "minute" || r.Minutes != 3*24*60 || r.Recommendation.PTUsInterval != [2]int{20, 20} {
		t.Errorf("%s, %d, %v", r.Granularity, r.Minutes, r.Recommendation.PTUsInterval)
	}
	for i := range r.Options {
		o := &r.Options[i]
		if o.LatencyP95 == nil || o.RejectedShare == nil {
			t.Errorf("not measured: %+v", o)
		} else if o.Name == "ptu" && *o.RejectedShare > 0.001 {
			t.Errorf("%d PTUs refuse %v", o.PTUs, *o.RejectedShare)
		}
	}
	if w := strings.Join(r.Warnings, "\n"); !strings.Contains(w, "a warning of the reader") || !strings.Contains(w, "no single requests") {
		t.Errorf("warnings:\n%s", w)
	}
	if diff := cmp.Diff(r, answer(t, question(byMinute(2500, tokens...)))); diff != "" {
		t.Errorf("another answer to the same question:\n%s", diff)
	}
}

// An hourly log is answered with a range; a log without requests and dates
// says what it lacks.
func TestCoarseLogs(t *testing.T) {
	l := &log{relative: true}
	for h := range 72 {
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(h) * time.Hour), Width: time.Hour, Prompt: 6_000_000, Output: 600_000})
	}
	r := answer(t, question(l))
	if r.Granularity != "hour" || len(r.WithinHour) != 3 || r.WithinHour[0].P99 >= r.WithinHour[1].P99 || r.WithinHour[1].P99 >= r.WithinHour[2].P99 {
		t.Errorf("%s, %+v", r.Granularity, r.WithinHour)
	}
	if math.Abs(r.TPM.Mean-110_000) > 1 || r.Replay.Requests < 340_000/72*71/100 {
		t.Errorf("mean %v, %d requests", r.TPM.Mean, r.Replay.Requests)
	}
	all := strings.Join(r.Warnings, "\n")
	for _, want := range []string{"do not tell how demand varies", "does not count requests", "hours of the day and weekdays are not known"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in:\n%s", want, all)
		}
	}
	if r.Start != "" || r.ByHour != nil {
		t.Error("dates out of nothing")
	}
}

// A schedule is simulated with the PTUs of each hour.
func TestScheduledReplay(t *testing.T) {
	var tokens []int64
	for i := range 4 * 24 * 60 {
		n := int64(30_000)
		if h := i / 60 % 24; h == 12 {
			n = 200_000
		}
		tokens = append(tokens, n)
	}
	r := answer(t, question(byMinute(2500, tokens...)))
	for i := range r.Options {
		o := &r.Options[i]
		if o.Schedule == nil {
			continue
		}
		if o.PTUs != 80 || o.Schedule.Reserved >= 20 || o.Schedule.Hours[12] != 80 {
			t.Errorf("%+v", o.Schedule)
		}
		// At noon 80 PTUs are full, and random arrivals pass their bucket now
		// and then; in other hours there is room.
		if *o.RejectedShare > 0.02 {
			t.Errorf("%v refused", *o.RejectedShare)
		}
		s, _ := stageOf(t, question(byMinute(2500, tokens...)))
		cuts := s.cuts(o.Schedule, 80)
		if len(cuts) != 5 { // before the first noon, between four, and after
			t.Errorf("%d cuts", len(cuts))
		}
		for j, c := range cuts {
			from, until := time.Duration(24*j-11)*time.Hour, time.Duration(24*j+12)*time.Hour
			if c.At != clock.Time(max(from, 0)) || c.Until != clock.Time(min(until, 96*time.Hour)) || c.To != float64(o.Schedule.Reserved)/80 {
				t.Errorf("cut %d: %+v", j, c)
			}
		}
		return
	}
	t.Error("no schedule")
}

func TestScenario(t *testing.T) {
	spec, err := scenarios.Load("launch-day", nil, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q := question(nil)
	q.Usage, q.Scenario, q.Offers[0].Model = nil, spec, "gpt-4o-mini"
	spec.Workload[0].Cached = 0.5
	r := answer(t, q)
	if r.CachedShare <= 0.1 || r.CachedShare > 0.5 {
		t.Errorf("%v cached", r.CachedShare)
	}
	if r.Granularity != "request" || r.Minutes != 10 || r.Recommendation.Option != 0 {
		t.Errorf("%s, %d minutes, option %d", r.Granularity, r.Minutes, r.Recommendation.Option)
	}
	if len(r.Recommendation.Why) == 0 || !strings.Contains(r.Warnings[0], "less than a day") {
		t.Errorf("%+v, %q", r.Recommendation, r.Warnings)
	}
}

// A row of no width is a request, whether it says so or not.
func TestSingleRequests(t *testing.T) {
	l := &log{}
	for i := range 10 {
		l.rows = append(l.rows, workload.Record{Start: monday.Add(time.Duration(i) * time.Second), Prompt: 1000, Output: 100})
	}
	if r := answer(t, question(l)); r.Requests != 10 || r.Granularity != "request" {
		t.Errorf("%d requests by the %s", r.Requests, r.Granularity)
	}
}

// Rows of several zones are instants like others, but whose hours are told is
// said, once.
func TestZones(t *testing.T) {
	l := byMinute(500, 500, 500, 500)
	l.rows[1].Start = l.rows[1].Start.In(time.FixedZone("", 3600))
	l.rows[2].Start = l.rows[2].Start.In(time.FixedZone("", 3600))
	const want = "has another time zone than line"
	count := func(r *capacity.Report) (n int) {
		for _, w := range r.Warnings {
			n += strings.Count(w, want)
		}
		return n
	}
	q := question(l)
	if r := answer(t, q); count(r) != 1 || r.Start != monday.Format(time.RFC3339) {
		t.Errorf("%q, from %s", r.Warnings, r.Start)
	}
	l.next = 0
	q.Location = time.FixedZone("", 7200)
	if r := answer(t, q); count(r) != 0 {
		t.Errorf("%q", r.Warnings)
	}
}

func TestErrors(t *testing.T) {
	closed, err := scenarios.Load("launch-day", nil, scenarios.Options{Set: []string{
		"workload.0.arrivals={process: closed, users: 5}", "workload.0.prompt_tokens=100", "workload.0.output_tokens=10"}})
	if err != nil {
		t.Fatal(err)
	}
	backwards := byMinute(500, 500, 500)
	backwards.rows[0].Start = monday.Add(time.Hour)
	for _, k := range []struct {
		change func(*Question)
		want   string
	}{
		{func(q *Question) { q.Offers[0].Model = "gpt-4" }, `the catalog has no PTUs of "gpt-4"`},
		{func(q *Question) { q.Usage, q.Scenario = nil, closed }, "the users of a closed workload wait for answers"},
		{func(q *Question) { q.Usage = &log{} }, "test has no tokens"},
		{func(q *Question) { q.Usage = backwards }, "line 3: 2026-11-02 00:01:00 +0000 UTC is before the log's first row"},
		{func(q *Question) { q.Offers[0].PAYG = "azure/gpt-4o@ptu-50" }, "azure/gpt-4o@ptu-50 is provisioned"},
		{func(q *Question) { q.Offers[0].PAYG = "azure/gpt-4o@tier-9" }, `unknown tier "tier-9"`},
	} {
		q := question(byMinute(500, 5000, 5000))
		k.change(q)
		if _, err := Answer(t.Context(), q); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%v, want %s", err, k.want)
		} else if _, ok := err.(InputError); !ok {
			t.Errorf("%T: %v", err, err)
		}
	}
}
