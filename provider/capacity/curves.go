package capacity

import (
	"math"
	"slices"
)

// Curves holds what the pictures are drawn from.
type Curves struct {
	// StepMinutes is how many minutes a step of TPM covers; each is the mean
	// and the highest minute of them, in normalised tokens.
	StepMinutes int       `json:"step_minutes"`
	Mean        []float64 `json:"mean"`    // of each step
	Highest     []float64 `json:"highest"` // minute of each step
	// Histogram[i] is the share of minutes in [i, i+1) x Bin normalised tokens.
	Bin       float64   `json:"bin"`
	Histogram []float64 `json:"histogram"`
	// What sizes cost a month with spillover, by commitment; absent where there is no such
	// price.
	PTUs      []int     `json:"ptus"`
	Hourly    []float64 `json:"hourly,omitempty"`    // cost of these units without a reservation
	Weekly    []float64 `json:"weekly,omitempty"`    // cost of these units bought for a week
	Monthly   []float64 `json:"monthly,omitempty"`   // cost of these units reserved for a month
	Quarterly []float64 `json:"quarterly,omitempty"` // cost of these units bought for three months
	Yearly    []float64 `json:"yearly,omitempty"`    // cost of these units reserved for a year
}

// By returns where the costs under a commitment are kept.
func (c *Curves) By(k Commitment) *[]float64 {
	return [...]*[]float64{&c.Hourly, &c.Weekly, &c.Monthly, &c.Quarterly, &c.Yearly}[k]
}

const (
	maxSteps = 1000 // about one a pixel
	maxBins  = 60
)

func (e *Evaluation) curves() *Curves {
	c := &Curves{StepMinutes: (len(e.x) + maxSteps - 1) / maxSteps}
	for step := range slices.Chunk(e.x, max(1, c.StepMinutes)) {
		c.Mean = append(c.Mean, mean(step))
		c.Highest = append(c.Highest, slices.Max(step))
	}
	top := slices.Max(e.x)
	c.Bin = niceBin(top / maxBins)
	c.Histogram = make([]float64, int(top/c.Bin)+1)
	for _, x := range e.x {
		c.Histogram[int(max(0, x)/c.Bin)] += 1 / float64(len(e.x))
	}
	if len(e.offer.Terms) == 0 {
		return c
	}
	c.PTUs = e.candidates()
	last := c.PTUs[len(c.PTUs)-1]
	for i := range max(3, len(c.PTUs)/8) { // to see the cost rise again
		c.PTUs = append(c.PTUs, last+(i+1)*e.offer.Sizes.Step)
	}
	for _, units := range c.PTUs {
		spilled := e.overflow.Cost(float64(units)*e.offer.PerUnit) * minutesPerMonth
		for _, t := range e.offer.Terms {
			by := c.By(t.Commitment)
			*by = append(*by, spilled+e.offer.cost(units, t.Commitment))
		}
	}
	return c
}

// niceBin rounds up to 1, 2 or 5 times a power of ten.
func niceBin(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}
