package main

import (
	"runtime/debug"
	"testing"
)

func TestBuild(t *testing.T) {
	const revision = "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15"
	stamped := func(version, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: revision}, {Key: "vcs.time", Value: "2026-11-30T08:09:10Z"}, {Key: "vcs.modified", Value: modified}}}
	}
	for _, test := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"no modules", nil, "devel"},
		{"go test", &debug.BuildInfo{}, "devel"},
		{"go build without git", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "devel"},
		{"go install of a release", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3"},
		{"a tagged revision", stamped("v1.2.3", "false"), "v1.2.3"},
		{"a revision without a tag", stamped("v0.0.0-20261130080910-f1d2d2f924e9", "false"), "f1d2d2f (2026-11-30)"},
		{"changes over it", stamped("v0.0.0-20261130080910-f1d2d2f924e9+dirty", "true"), "f1d2d2f (2026-11-30), modified"},
		{"an older toolchain", stamped("(devel)", "false"), "f1d2d2f (2026-11-30)"},
	} {
		if got := buildOf(test.info).short(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := (build{}).short(); got != "" {
		t.Errorf("no program: %q", got)
	}
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{
		"jitter,queue":              "jitter,queue",
		"openai/gpt-4o@tier-1":      "openai/gpt-4o@tier-1",
		"success_rate>=99%":         "'success_rate>=99%'",
		"":                          "''",
		"my log.csv":                "'my log.csv'",
		"it's":                      `'it'\''s'`,
		"faults=[{kind: errors}]":   "'faults=[{kind: errors}]'",
		"$HOME":                     "'$HOME'",
		"~/log.csv":                 "'~/log.csv'",
		"strategies.jitter.base=2s": "strategies.jitter.base=2s",
	} {
		if got := shellQuote(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
