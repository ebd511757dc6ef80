package metrics

// ArenaSchema names the layout of Arena. It changes only with the layout.
const ArenaSchema = "ratesim/arena/v1"

// Close is the regret up to which strategies count as equally good at having calls succeed.
const Close = 0.5

// Arena is what was found about strategies over many random situations. A point is one
// call of a hundred that succeeds in time; in a situation whose workload is closed, one
// per cent of the highest goodput of any strategy.
type Arena struct {
	Schema string `json:"schema"`
	Seed   uint64 `json:"seed"`
	// Range is what situations of the seed are for: design or judging.
	Range        string           `json:"range"`
	Replications int              `json:"replications"` // of each situation
	Hash         string           `json:"hash"`         // of every event of every run
	Standings    []Standing       `json:"standings"`    // least mean regret first; those that could not run in all situations last
	Situations   []ArenaSituation `json:"situations"`   // in the order in which they were drawn
	Warnings     []string         `json:"warnings"`
	Command      string           `json:"command,omitempty"`
	Version      string           `json:"version,omitempty"`
}

// Standing is how far one strategy is from the best of the field.
type Standing struct {
	Name       string `json:"name"`
	Situations int    `json:"situations"` // in which it could run
	// Regret is how many points it is below the best of the field.
	Regret Spread `json:"regret"`
	// Close is the share of situations in which its regret is at most half a point.
	Close float64 `json:"close"`
	// Seconds is how much longer its calls take on average, from arrival to success, than
	// with the fastest of those within half a point. Only situations in which it is one of
	// them count: elsewhere the calls that it lost would be missing. Nil if it never is.
	Seconds *Spread `json:"seconds,omitempty"`
	// Refusals is how many 429s a call it has beyond the least of those within half a
	// point.
	Refusals Spread `json:"refusals"`
	// Quiet is how many points the calls of the tenants beside one that floods are below
	// the best of those within half a point. Nil where no situation has such a tenant.
	Quiet *Spread `json:"quiet,omitempty"`
	// Bound is how many points it is below what no client can exceed; nil if all workloads
	// are closed.
	Bound *Spread `json:"bound,omitempty"`
}

// Spread sums up a number over situations: its mean with a 95 % interval, and how it is
// in the situations in which it is high. P90 is the least value that is not exceeded in
// 90 % of them.
type Spread struct {
	Mean  float64 `json:"mean"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
	P90   float64 `json:"p90"`
	Worst float64 `json:"worst"`
}

// ArenaSituation is one situation and what each strategy did in it.
type ArenaSituation struct {
	Name   string  `json:"name"`
	Index  int     `json:"index"`
	About  string  `json:"about"`
	Seed   uint64  `json:"seed"` // of its runs: compare --seed
	Load   float64 `json:"load"` // calls ÷ those that the tightest limit lets through
	Calls  float64 `json:"calls"`
	Closed bool    `json:"closed"`
	Hash   string  `json:"hash"`
	Scores []Score `json:"scores"` // in the order of the catalog
}

// Score is what one strategy did in one situation. What does not apply is nil.
type Score struct {
	Name        string   `json:"name"`
	SuccessRate float64  `json:"success_rate"`
	Points      float64  `json:"points"`
	Regret      float64  `json:"regret"`
	Seconds     *float64 `json:"seconds,omitempty"`        // mean time from arrival to success
	SecondsOver *float64 `json:"seconds_beyond,omitempty"` // beyond the least of those within half a point
	Refusals    float64  `json:"refusals"`                 // 429s a call
	RefusalOver float64  `json:"refusals_beyond"`
	Quiet       *float64 `json:"quiet,omitempty"` // points of the quiet tenants' calls
	QuietBelow  *float64 `json:"quiet_below,omitempty"`
	BoundBelow  *float64 `json:"bound_below,omitempty"`
}

// Find returns the score of a strategy; nil if it did not run.
func (s *ArenaSituation) Find(name string) *Score {
	for i := range s.Scores {
		if s.Scores[i].Name == name {
			return &s.Scores[i]
		}
	}
	return nil
}

// Best returns the score of the strategy with the most points, the first of equals.
func (s *ArenaSituation) Best() *Score {
	best := &s.Scores[0]
	for i := range s.Scores {
		if s.Scores[i].Points > best.Points {
			best = &s.Scores[i]
		}
	}
	return best
}
