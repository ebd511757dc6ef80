package metrics

// Usage is what a deployment was used for at one price: tokens of answers, or hours of
// PTUs. In a [Strategy] it is the sum over all replications.
type Usage struct {
	Deployment string  `json:"deployment"`          // its name
	When       string  `json:"when,omitempty"`      // what makes the price another one: long prompt, peak hour, or both
	Input      int64   `json:"input,omitempty"`     // tokens of prompts, neither from the cache nor put into it
	Cached     int64   `json:"cached,omitempty"`    // tokens of prompts, from the cache
	Written    int64   `json:"written,omitempty"`   // tokens of prompts, put into the cache
	Output     int64   `json:"output,omitempty"`    // tokens of answers
	PTUHours   float64 `json:"ptu_hours,omitempty"` // PTUs times hours
	USD        float64 `json:"usd"`                 // all of it; cost_usd is the sum of these, divided by the replications
}

// Price is what a deployment costs in US dollars, for tokens per million.
type Price struct {
	Deployment string     `json:"deployment"`                 // its name
	When       string     `json:"when,omitempty"`             // as in Usage
	Input      float64    `json:"usd_per_million_input"`      // tokens neither from the cache nor put into it
	Cached     float64    `json:"usd_per_million_cached"`     // tokens from the cache
	Written    float64    `json:"usd_per_million_written"`    // tokens put into the cache
	Output     float64    `json:"usd_per_million_output"`     // tokens of answers
	PTUHour    float64    `json:"usd_per_ptu_hour,omitempty"` // of PTUs
	Rows       []PriceRow `json:"rows"`                       // the rows of the catalog that make the price
}

// PriceRow is a row of the catalog that says a price, or how many times as much is paid.
type PriceRow struct {
	Name       string `json:"name"`           // the model, and what the row is about
	Says       string `json:"says"`           // prices, or a factor
	Source     string `json:"source"`         // of the row
	Date       string `json:"date"`           // of the source
	Confidence string `json:"confidence"`     // as the catalog has it
	Note       string `json:"note,omitempty"` // of the row
}

// add adds what v has to u.
func (u *Usage) add(v *Usage) {
	u.Input += v.Input
	u.Cached += v.Cached
	u.Written += v.Written
	u.Output += v.Output
	u.PTUHours += v.PTUHours
	u.USD += v.USD
}

// bill adds up what the replications of an outcome used.
func (s *Sample) bill(outcome int) []Usage {
	var sum []Usage
	for _, rep := range s.done {
		of := s.Outcomes[outcome].Runs[rep].Usage
		for i := range of {
			at := 0
			for at < len(sum) && (sum[at].Deployment != of[i].Deployment || sum[at].When != of[i].When) {
				at++
			}
			if at == len(sum) {
				sum = append(sum, Usage{Deployment: of[i].Deployment, When: of[i].When})
			}
			sum[at].add(&of[i])
		}
	}
	return sum
}
