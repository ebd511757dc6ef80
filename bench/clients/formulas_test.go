package clients

import (
	"encoding/json"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// giveUp stands for a refusal that is not retried.
const giveUp = -1

// told is what a refusal's headers say of the wait, in seconds; NaN where they say
// nothing. A header of milliseconds goes before.
func told(c refusal) float64 {
	if v, ok := c.Headers["retry-after-ms"]; ok {
		if ms, err := strconv.ParseFloat(v, 64); err == nil {
			return ms / 1000
		}
	}
	v := strings.TrimPrefix(c.Headers["retry-after"], "DATE+")
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return s
	}
	return math.NaN()
}

// formula is what an SDK's source says of its waits.
type formula struct {
	version string // in which it was seen
	// backoff is the range of the wait before retry k, from 0 on, in seconds.
	backoff func(k int) (least, most float64)
	// heeds returns the wait in place of that, giveUp, or NaN for backoff.
	heeds func(told, backoff float64) float64
	// obeys says that x-should-retry goes before the status.
	obeys bool
	// resumes says that a stream is tried again that fails before any text.
	resumes bool
}

// stainless is what the SDKs of OpenAI and Anthropic share: half a second,
// doubled each time up to eight, less up to a quarter of it.
func stainless(k int) (least, most float64) {
	most = min(0.5*math.Pow(2, float64(k)), 8)
	return 0.75 * most, most
}

// upTo heeds what is asked for from 0 to most.
func upTo(most, beyond float64) func(told, backoff float64) float64 {
	return func(told, _ float64) float64 {
		switch {
		case told > most:
			return beyond
		case told >= 0:
			return told
		}
		return math.NaN()
	}
}

// formulas are those that were found in the SDKs' sources in 2026-11, each from
// waits that were recorded. Between versions they change: openai-go 3.52 never
// waited for longer than 8 s, whatever it was asked for, and Anthropic's for
// TypeScript in 2026-08 came back at once when it was asked for a negative wait.
var formulas = map[string]formula{
	"openai-go": {"3.96.0", stainless, upTo(120, giveUp), true, false},
	"anthropic-sdk-go": {"1.84.0", stainless, func(told, _ float64) float64 {
		return max(0, told) // NaN stays
	}, true, false},
	"openai": {"7.57.0", stainless, upTo(60, math.NaN()), true, false},
	"anthropic-ai-sdk": {"1.13.0", stainless, func(told, _ float64) float64 {
		if told > 0 {
			return told
		}
		return math.NaN()
	}, true, false},
	"ai": {"7.0.173", func(k int) (least, most float64) {
		wait := 2 * math.Pow(2, float64(k))
		return wait, wait
	}, func(told, backoff float64) float64 {
		if told >= 0 && (told < 60 || told < backoff) {
			return told
		}
		return math.NaN()
	}, false, true},
}

// retries reports whether an SDK retries a refusal.
func (f *formula) retries(c refusal) bool {
	if v, ok := c.Headers["x-should-retry"]; ok && f.obeys {
		return v == "true"
	}
	return c.Status == 408 || c.Status == 409 || c.Status == 429 || c.Status >= 500
}

// want returns what f says of a refusal: two retries of everything that may pass.
func (f *formula) want(c refusal) seen {
	s := seen{Attempts: 1}
	if !f.retries(c) {
		return s
	}
	for k := range 2 {
		least, most := f.backoff(k)
		if wait := f.heeds(told(c), most); wait == giveUp {
			return s
		} else if !math.IsNaN(wait) {
			least, most = wait, wait
		}
		s.Attempts++
		s.Waits = append(s.Waits, [2]float64{least, most})
	}
	return s
}

// wantStream returns what f says of a stream that begins and fails. One that fails before any
// text is as a refusal without headers.
func (f *formula) wantStream(event string) seen {
	if !f.resumes || event == "an error event after some text" {
		return seen{Attempts: 1}
	}
	return f.want(refusal{Status: http.StatusServiceUnavailable})
}

// alike reports whether waits are as wanted. Node's shortest timer is a millisecond.
func alike(got, want seen) bool {
	ok := got.Attempts == want.Attempts
	for i := range want.Waits {
		for j, w := range want.Waits[i] {
			ok = ok && i < len(got.Waits) && math.Abs(got.Waits[i][j]-w) <= max(0.02*w, 0.001)
		}
	}
	return ok
}

// What was recorded is what the formulas say. Streamed calls that are refused wait as others.
func TestFormulas(t *testing.T) {
	cases := refusals(t)
	for sdk, f := range formulas {
		var got recording
		data, err := os.ReadFile("delays/" + sdk + ".json")
		if err == nil {
			err = json.Unmarshal(data, &got)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got.Version != f.version || len(got.Cases) != len(cases) {
			t.Errorf("%s: recorded %d cases of version %s, want %d of %s", sdk, len(got.Cases), got.Version, len(cases), f.version)
		}
		for _, c := range cases {
			if want, got := f.want(c), got.Cases[c.Name]; !alike(got, want) {
				t.Errorf("%s: %s: recorded %+v, want %+v", sdk, c.Name, got, want)
			}
		}
		if len(got.Streams) != 3 {
			t.Errorf("%s: recorded %d streams, want those of events.json alone", sdk, len(got.Streams))
		}
		for event, got := range got.Streams {
			if want := f.wantStream(event); !alike(got, want) {
				t.Errorf("%s: %s: recorded %+v, want %+v", sdk, event, got, want)
			}
		}
	}
}
