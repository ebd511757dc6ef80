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
	// What sizes cost a month with spillover, by commitment.
	PTUs    []int     `json:"ptus"`
	Hourly  []float64 `json:"hourly"`  // cost of these PTUs without a reservation
	Monthly []float64 `json:"monthly"` // cost of these PTUs reserved for a month
	Yearly  []float64 `json:"yearly"`  // cost of these PTUs reserved for a year
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
	c.PTUs = e.candidates()
	last := c.PTUs[len(c.PTUs)-1]
	for i := range max(3, len(c.PTUs)/8) { // to see the cost rise again
		c.PTUs = append(c.PTUs, last+(i+1)*e.offer.Sizes.Step)
	}
	for _, units := range c.PTUs {
		spilled := e.overflow.Cost(float64(units)*e.offer.TPMPerPTU) * minutesPerMonth
		c.Hourly = append(c.Hourly, spilled+float64(units)*e.offer.PTU[Hourly])
		c.Monthly = append(c.Monthly, spilled+float64(units)*e.offer.PTU[Monthly])
		c.Yearly = append(c.Yearly, spilled+float64(units)*e.offer.PTU[Yearly])
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
