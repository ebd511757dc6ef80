package scenarios

import (
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// say writes numbers with commas between thousands.
func say(format string, args ...any) string {
	return message.NewPrinter(language.English).Sprintf(format, args...)
}

// sentence makes text one.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

// perTime says how often, in the shortest unit that gives a number from 1.
func perTime(rate float64) string {
	switch {
	case rate >= 1:
		return say("%.4v a second", rate)
	case rate*60 >= 1:
		return say("%.4v a minute", rate*60)
	}
	return say("%.4v an hour", rate*3600)
}

func inPercent(share float64) string { return say("%.4v %%", 100*share) }

func counted(n int, one string) string {
	if n == 1 {
		return "One " + one
	}
	return say("%d %ss", n, one)
}

// inWords writes a duration in the longest of ms, s, min and h that leaves no fraction
// behind, up to 90 s in seconds.
func inWords(d time.Duration) string {
	switch {
	case d < time.Second || d%time.Second != 0:
		return say("%v ms", float64(d)/float64(time.Millisecond))
	case d < 2*time.Minute || d%time.Minute != 0:
		return say("%d s", int64(d/time.Second))
	case d < 2*time.Hour || d%time.Hour != 0:
		return say("%d min", int64(d/time.Minute))
	}
	return say("%d h", int64(d/time.Hour))
}
