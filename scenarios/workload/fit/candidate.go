package fit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Candidate is a distribution or a process with its parameters, and how well it fits.
type Candidate struct {
	Name       string `json:"name"`       // of the process or the distribution
	Text       string `json:"text"`       // as a scenario file has it
	Parameters int    `json:"parameters"` // that are fitted to the log
	// LogLikelihood and what follows from it are absent of an empirical distribution, whose
	// numbers are the log's own.
	LogLikelihood *float64 `json:"log_likelihood,omitempty"`
	AIC           *float64 `json:"aic,omitempty"`             // 2 × parameters - 2 × log_likelihood
	BIC           *float64 `json:"bic,omitempty"`             // ln(rows) × parameters - 2 × log_likelihood
	Above         *float64 `json:"bic_above_least,omitempty"` // BIC, less the least of all candidates
	KS            float64  `json:"ks"`                        // Kolmogorov-Smirnov distance from the log
	Chosen        bool     `json:"chosen"`                    // it is the one in the scenario
}

// newCandidate scores a candidate with so many parameters on n rows.
func newCandidate(name, text string, parameters int, likelihood, ks, n float64) Candidate {
	k := float64(parameters)
	aic, bic := 2*k-2*likelihood, k*math.Log(n)-2*likelihood
	return Candidate{Name: name, Text: text, Parameters: parameters, LogLikelihood: &likelihood, AIC: &aic, BIC: &bic, KS: ks}
}

// farKS is how far a candidate may be from the log: 5 points of the share of rows, and not
// less than chance makes of n rows in one case of twenty (Smirnov, "Table for estimating the
// goodness of fit of empirical distributions", Annals of Mathematical Statistics 19, 1948).
func farKS(n float64) float64 { return max(0.05, 1.36/math.Sqrt(n)) }

// aboveLeast fills in how far each BIC is above the least one.
func aboveLeast(list []Candidate) {
	least := math.Inf(1)
	for i := range list {
		if list[i].BIC != nil {
			least = min(least, *list[i].BIC)
		}
	}
	for i := range list {
		if list[i].BIC != nil {
			above := *list[i].BIC - least
			list[i].Above = &above
		}
	}
}

// choose returns the index of the candidate of least BIC among those that are near enough;
// -1 where none is.
func choose(list []Candidate, far float64) int {
	best := -1
	for i := range list {
		c := &list[i]
		if c.BIC == nil || math.IsNaN(*c.BIC) || c.KS > far {
			continue
		}
		if best < 0 || *c.BIC < *list[best].BIC {
			best = i
		}
	}
	return best
}

// rateText writes a rate, of calls a second, in the unit that needs the fewest digits.
func rateText(rate float64) string {
	for _, u := range []struct {
		seconds float64
		name    string
	}{{1, "s"}, {60, "m"}} {
		if v := rate * u.seconds; v >= 1 {
			return number(v) + "/" + u.name
		}
	}
	return number(rate*3600) + "/h"
}

// number writes four significant digits, without an exponent.
func number(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	text := strconv.FormatFloat(v, 'e', 3, 64)
	v, _ = strconv.ParseFloat(text, 64) // what has just been written
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// durationText writes seconds as a duration.
func durationText(seconds float64) string {
	if seconds < 1 {
		return number(seconds*1000) + "ms"
	}
	return number(seconds) + "s"
}

// stepText writes the length of a step, which is a whole number of its unit.
func stepText(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

func listText(values []float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = number(v)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
