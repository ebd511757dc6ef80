package scenarios

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

//go:embed library/*.yaml claims/*.yaml traffic.yaml start.yaml
var library embed.FS

// Library returns the names of the embedded scenarios, sorted.
func Library() []string { return embedded("library") }

// Claims returns the names of the embedded claims, sorted.
func Claims() []string { return embedded("claims") }

func embedded(folder string) []string {
	var list []string
	entries, _ := library.ReadDir(folder) // cannot fail: the folder is part of the program
	for _, e := range entries {
		list = append(list, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(list)
	return list
}

// Default is the embedded scenario that is meant when none is named.
const Default = "launch-day"

// Load reads a scenario. The name is a path, or - for stdin, or the name of an embedded
// scenario, or claims/NAME for the experiment of an embedded claim. A file that has the
// name of an embedded scenario is reached as ./name. If the name is empty, Load replays
// the log opt.Trace alone or, without one, returns Default. Errors in the content are
// reported as Errors, and a missing scenario as fs.ErrNotExist. What an embedded scenario
// expects is dropped where opt changes it.
func Load(nameOrPath string, stdin io.Reader, opt Options) (*Spec, error) {
	specs, err := LoadEach(nameOrPath, stdin, opt, nil)
	if err != nil {
		return nil, err
	}
	return specs[0], nil
}

// LoadEach does what Load does for each of the providers, which replace opt.Provider,
// so that the same traffic meets each of them. The scenario is read once. The same
// deployment twice is an error. Without providers it is the same as Load.
func LoadEach(nameOrPath string, stdin io.Reader, opt Options, providers []string) ([]*Spec, error) {
	if nameOrPath == "" && opt.Trace != "" {
		return eachTraffic(opt, providers)
	}
	data, err := readScenario(cmp.Or(nameOrPath, Default), stdin)
	if err != nil {
		return nil, err
	}
	opt.lesson = slices.Contains(Library(), cmp.Or(nameOrPath, Default))
	return each(opt, providers, func(opt Options) (*Spec, error) {
		return Parse(nameOf(cmp.Or(nameOrPath, Default)), data, opt)
	})
}

// each calls parse with each of the providers. What is wrong under several of them is
// reported once.
func each(opt Options, providers []string, parse func(Options) (*Spec, error)) ([]*Spec, error) {
	if len(providers) == 0 {
		providers = []string{opt.Provider}
	}
	var specs []*Spec
	wrong := &problems{}
	for i, ref := range providers {
		if j := slices.IndexFunc(providers[:i], func(other string) bool { return opt.known().Same(ref, other) }); j >= 0 {
			wrong.add(position{file: "--provider"}, "", "%s", twice(ref, providers[j]))
			continue
		}
		opt.Provider = ref
		spec, err := parse(opt)
		if found, ok := errors.AsType[Errors](err); ok {
			for _, e := range found {
				if !slices.ContainsFunc(wrong.found, func(old *Error) bool { return *old == *e }) {
					wrong.found = append(wrong.found, e)
				}
			}
		} else if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return specs, nil
}

// twice says that a deployment is given for the second time.
func twice(ref, other string) string {
	if ref == other {
		return quote(ref) + " is given twice; each deployment needs to be given once"
	}
	return quote(ref) + " is the same deployment as " + quote(other) + ", which is given too"
}

// readScenario returns the content of a scenario, which is named as for Load.
func readScenario(nameOrPath string, stdin io.Reader) ([]byte, error) {
	folder, known := "library/", Library()
	if strings.HasPrefix(nameOrPath, "claims/") {
		folder, known = "", nil
		for _, name := range Claims() {
			known = append(known, "claims/"+name)
		}
	}
	return read(nameOrPath, folder+nameOrPath, stdin, known, "scenario")
}

// LoadClaim reads a claim as Load reads a scenario: by path, or by its name with
// or without claims/ before it.
func LoadClaim(nameOrPath string, stdin io.Reader, opt Options) (*Claim, error) {
	data, err := read(nameOrPath, "claims/"+strings.TrimPrefix(nameOrPath, "claims/"), stdin, Claims(), "claim")
	if err != nil {
		return nil, err
	}
	return ParseClaim(nameOf(nameOrPath), data, opt)
}

func nameOf(path string) string {
	if path == "-" {
		return "<stdin>"
	}
	return path
}

// notFound says that there is nothing under a name.
type notFound string

func (e notFound) Error() string        { return string(e) }
func (e notFound) Is(target error) bool { return target == fs.ErrNotExist }

// read returns the content of what is embedded under a name, of a file or of
// stdin.
func read(nameOrPath, name string, stdin io.Reader, known []string, what string) ([]byte, error) {
	r := stdin
	if nameOrPath != "-" {
		if data, err := library.ReadFile(name + ".yaml"); err == nil {
			return data, nil
		}
		f, err := os.Open(nameOrPath)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, notFound(fmt.Sprintf("no %s %s: no such file, and not embedded%s", what, quote(nameOrPath), suggestion(nameOrPath, known)))
		}
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", what, err)
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return data, nil
}
