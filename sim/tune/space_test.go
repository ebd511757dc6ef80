package tune

import (
	"math"
	"slices"
	"strings"
	"testing"

	"ratesim/scenarios"
)

// jitter is a strategy with the defaults of the catalog: base 1s, jitter 25 %.
func jitter(t testing.TB) *scenarios.Spec { return parse(t, herd) }

func names(list []scenarios.Strategy) (out []string) {
	for _, k := range list {
		out = append(out, k.Name)
	}
	return out
}

func TestParseAxis(t *testing.T) {
	s := jitter(t)
	for text, want := range map[string][]string{ // the first, the middle and the last value
		"base":                {"125ms", "1s", "8s"}, // an eighth of 1 s, their geometric mean, eight times
		"base=1s..3s":         {"1s", "2s", "3s"},
		"base=10ms..1s:log":   {"10ms", "100ms", "1s"},
		"max_retries=2..6":    {"2", "4", "6"},
		"max_retries=5, 9,13": {"5", "9", "13"},
		"jitter=none,full":    {"none", "full", "full"},
	} {
		a, err := ParseAxis(text, &s.Strategies[0])
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := []string{a.at(0), a.at(0.5), a.at(1)}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"bse":               `jitter has no parameter "bse"; did you mean "base"? it has `,
		"base=1..2":         `base: must be a duration from 0s to`,
		"base=3s..1s":       `base: the range 3s..1s must end above its beginning`,
		"base=0s..1s:log":   `base: a logarithmic range must begin above 0, got 0s`,
		"jitter=none..full": `jitter takes no range, for it is one of: none, full, equal, decorrelated, 0% to 100%; list the values, jitter=a,b`,
		"max_elapsed":       `max_elapsed has no default to search around; say which values to try: max_elapsed=a,b,c or max_elapsed=FROM..TO (`,
		"":                  `jitter has no parameter ""; it has `,
	} {
		if _, err := ParseAxis(text, &s.Strategies[0]); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// Lists are tried in all combinations, one range in even steps.
func TestSettings(t *testing.T) {
	s := jitter(t)
	if got, want := names(settings(t, s, "jitter=none,full", "base=1s,2s,3s")), []string{"default",
		"jitter=none base=1s", "jitter=none base=2s", "jitter=none base=3s", "jitter=full base=1s", "jitter=full base=2s", "jitter=full base=3s"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	got := names(settings(t, s, "max_retries=0..23"))
	if len(got) != 25 || got[1] != "max_retries=0" || got[7] != "max_retries=6" || got[24] != "max_retries=23" {
		t.Errorf("%q", got)
	}
	if got := names(settings(t, s, "max_retries=2..4")); len(got) != 4 {
		t.Errorf("each value once: %q", got)
	}
}

// A Halton sample fills each axis evenly: of 24 points in base 2 each eighth has 3, and in
// base 3 each third 8.
func TestHalton(t *testing.T) {
	s := jitter(t)
	var axes []Axis
	for _, text := range []string{"base=0s..8s", "max_delay=10s..40s"} {
		a, err := ParseAxis(text, &s.Strategies[0])
		if err != nil {
			t.Fatal(err)
		}
		axes = append(axes, a)
	}
	eighths, thirds := map[int]int{}, map[int]int{}
	for _, p := range points(axes, 24, 9) {
		eighths[int(math.Floor(8*p[0]))]++
		thirds[int(math.Floor(3*p[1]))]++
	}
	for i := range 8 {
		if eighths[i] != 3 || i < 3 && thirds[i] != 8 {
			t.Fatalf("eighths %v, thirds %v", eighths, thirds)
		}
	}
	a, _, err := Settings(s, &s.Strategies[0], axes, 24, 9)
	b, _, _ := Settings(s, &s.Strategies[0], axes, 24, 9)
	c, _, _ := Settings(s, &s.Strategies[0], axes, 24, 10)
	if err != nil || len(a) != 25 || !slices.Equal(names(a), names(b)) || slices.Equal(names(a), names(c)) {
		t.Errorf("%v: %q\n%q\n%q", err, names(a), names(b), names(c))
	}
}

// Combinations that the strategy refuses are left out, and said; a value that it refuses in
// all of them is a mistake.
func TestRefusedSettings(t *testing.T) {
	s := parse(t, strings.Replace(herd, "[jitter]", "[compose]", 1))
	k := &s.Strategies[0]
	axes := func(texts ...string) (list []Axis) {
		for _, text := range texts {
			a, err := ParseAxis(text, k)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, a)
		}
		return list
	}
	list, refused, err := Settings(s, k, axes("pace=token-bucket,adaptive", "rpm=10,20"), 24, 1)
	if err != nil || len(list) != 3 || !strings.HasPrefix(refused, "2 of 4 settings are left out, for compose refuses them; the first: pace=adaptive rpm=10: rpm: is for pace: ") {
		t.Errorf("%q, %q, %v", names(list), refused, err)
	}
	if _, _, err = Settings(s, k, axes("pace=token-bucket,adaptive", "rpm=10,many"), 24, 1); err == nil || !strings.HasPrefix(err.Error(), "rpm: must be a whole number from 1 to ") {
		t.Error(err)
	}
}

// The line of a setting is read as that setting.
func TestLine(t *testing.T) {
	s := jitter(t)
	for _, k := range settings(t, s, "jitter=±50%,decorrelated", "max_elapsed=1m30s,20s")[1:] {
		line := Line(&k, "mine")
		again, err := scenarios.Parse("test.yaml", []byte(strings.Replace(herd, "[jitter]", "["+line+"]", 1)), scenarios.Options{})
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		got := again.Strategies[0]
		if got.Name != "mine" || got.Use != "jitter" || got.Args["jitter"] != k.Args["jitter"] || got.Args["max_elapsed"] != k.Args["max_elapsed"] {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

// An end of a range may hide a better value beyond it; an end of what is allowed cannot.
func TestEnds(t *testing.T) {
	s := jitter(t)
	for text, want := range map[string][]bool{"base=0s..8s": {false, true}, "base=1s..8s": {true, true}, "base=1s,8s": {false, false}} {
		a, err := ParseAxis(text, &s.Strategies[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := []bool{a.ends(a.at(0)), a.ends(a.at(1))}; !slices.Equal(got, want) || a.ends(a.at(0.5)) {
			t.Errorf("%s: %v", text, got)
		}
	}
}
