package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/provider/catalog"
)

// build says which program this is.
type build struct {
	Version  string `json:"version"`            // of the module; devel if it has none
	Revision string `json:"revision,omitempty"` // of the source
	Time     string `json:"time,omitempty"`     // of the revision
	Modified bool   `json:"modified"`           // the source was changed since the revision
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	Catalog  string `json:"catalog,omitempty"` // the day of its newest row
}

const devel = "devel"

// readBuild returns what the Go toolchain noted in this program.
func readBuild() build {
	info, _ := debug.ReadBuildInfo() // nil in a program built without modules
	b := buildOf(info)
	b.Catalog = catalog.AsOf
	return b
}

func buildOf(info *debug.BuildInfo) build {
	b := build{Version: devel, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info == nil {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	// The toolchain makes up a version such as v0.0.0-20261130120000-abc123def456 for a
	// revision without a tag. The revision itself says the same.
	v := info.Main.Version
	madeUp := b.Revision != "" && strings.Contains(v, b.Revision[:min(12, len(b.Revision))])
	if v != "" && v != "(devel)" && !madeUp {
		b.Version = v
	}
	return b
}

// short is what results say of the program that made them: v1.2.3, or
// abc1234 (2026-11-30) of a revision without a version; empty of no program.
func (b build) short() string {
	if b.Version != devel || b.Revision == "" {
		return b.Version
	}
	text := b.Revision[:min(7, len(b.Revision))]
	if day, _, ok := strings.Cut(b.Time, "T"); ok {
		text += " (" + day + ")"
	}
	if b.Modified {
		text += ", modified"
	}
	return text
}

// write prints all of it for people.
func (b build) write(w io.Writer) error {
	t := columns(w)
	fmt.Fprintf(t, "ratesim\t%s\n", b.short())
	if b.Revision != "" {
		state := "unchanged"
		if b.Modified {
			state = "with changes that are not committed"
		}
		fmt.Fprintf(t, "revision\t%s, %s\n", b.Revision, state)
		fmt.Fprintf(t, "committed\t%s\n", b.Time)
	}
	fmt.Fprintf(t, "built with\t%s for %s/%s\n", b.Go, b.OS, b.Arch)
	if b.Catalog != "" {
		fmt.Fprintf(t, "catalog\tas of %s, its newest row\n", b.Catalog)
	}
	return t.Flush()
}

func versionCommand(s *streams) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "version",
		Short: "Show which version of ratesim this is",
		Long: `Version prints the version of ratesim, the revision of its source and the date of
that revision, whether the source was changed after it, and the Go version and the
platform that it was built for, and the day of the newest row of the catalog. Results name the version that made them.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			switch output {
			case "table":
				return s.build.write(s.out)
			case "json":
				return writeJSON(s.out, s.build)
			}
			return inputError{unknown("--output", output, listOutputs)}
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "table", "`FORMAT` of the answer: table or json")
	return c
}

// text is what --version prints.
func (b build) text() string {
	var text strings.Builder
	if b.Version == "" || b.write(&text) != nil {
		return ""
	}
	return text.String()
}
