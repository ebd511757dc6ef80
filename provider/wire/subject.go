package wire

import (
	"strings"
	"time"
)

// Subject returns what a refusal says of the limit that refused: what it counts,
// and over which window, 0 where that is not said. r is what Parse has read of the
// same body, and names a limit on requests or tokens in a time.
func Subject(r *Reply, body []byte) (unit Unit, per time.Duration) {
	c := complaintOf(body)
	text := c.text()
	for _, w := range windowWords {
		if per == 0 && says(text, w.words) {
			per = w.per
		}
	}
	switch r.Limit {
	case Requests:
		return Request, per
	case Input:
		return InputToken, per
	case Output:
		return OutputToken, per
	case Daily: // which has swallowed what it counts
		switch {
		case says(text, []string{"requests per day", "requestsperday"}):
			return Request, per
		case says(text, inputWords):
			return InputToken, per
		}
	}
	return Token, per
}

// windowWords lists which words name which window.
var windowWords = [...]struct {
	per   time.Duration
	words []string
}{
	{day, dayWords},
	{time.Hour, []string{"per hour"}},
	{time.Minute, []string{"per min", "per-min", "perminute"}},
}

func says(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
