package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ratesim/provider/mock"
	"ratesim/provider/mock/admin"
	"ratesim/provider/script"
	"ratesim/scenarios"
)

// readAliases reads the names that requests may use for deployments.
func (f *serveFlags) readAliases(v *server) error {
	v.config.AnyModel, v.config.Aliases = f.anyModel, map[string]string{}
	var known []string
	for i := range v.known {
		known = append(known, v.known[i].Name)
	}
	for _, alias := range f.aliases {
		name, to, ok := strings.Cut(alias, "=")
		switch _, twice := v.config.Aliases[name]; {
		case !ok || name == "" || to == "":
			return fmt.Errorf("--alias %s: want NAME=DEPLOYMENT, such as --alias prod-chat=%s", alias, known[0])
		case !slices.Contains(known, to):
			return fmt.Errorf("--alias %s: no --provider is called %s; there are %s", alias, to, strings.Join(known, ", "))
		case slices.Contains(known, name):
			return fmt.Errorf("--alias %s: a --provider is called %s itself", alias, name)
		case twice:
			return fmt.Errorf("--alias %s: %s is an alias already", alias, name)
		}
		v.config.Aliases[name] = to
	}
	return nil
}

// readLists reads the files of faults, scripts and answers.
func (f *serveFlags) readLists(ctx context.Context, v *server) (err error) {
	if f.script != "" {
		if v.scripts, err = readInput(ctx, f.script, admin.MaxList); err != nil {
			return fmt.Errorf("--script: %w", err)
		}
		if v.config.Scripts, err = scenarios.ParseScripts(f.script, v.scripts); err != nil {
			return err
		}
	}
	if f.answers != "" {
		data, err := readInput(ctx, f.answers, admin.MaxList)
		if err != nil {
			return fmt.Errorf("--answers: %w", err)
		}
		if v.config.Answers, err = scenarios.ParseAnswers(f.answers, data); err != nil {
			return err
		}
	}
	if f.faults == "" {
		return nil
	}
	if v.faults, err = readInput(ctx, f.faults, admin.MaxList); err != nil {
		return fmt.Errorf("--faults: %w", err)
	}
	lists, err := scenarios.ParseFaults(f.faults, v.faults, v.known)
	for i, list := range lists {
		v.config.Deployments[i].Config.Faults = list
	}
	return err
}

// warnUnused says at the end which names of models nothing served, and which scripts and
// recorded answers no request has got.
func warnUnused(s *streams, served *mock.Server) {
	warn := func(format string, args ...any) {
		fmt.Fprintf(printable{s.err}, "ratesim: warning: "+format+"\n", args...)
	}
	var names []string
	unserved := served.Unserved()
	for _, name := range slices.Sorted(maps.Keys(unserved)) {
		names = append(names, fmt.Sprintf("%s (%d)", name, unserved[name]))
	}
	if names != nil {
		warn("requests named models that nothing serves: %s; --alias NAME=DEPLOYMENT serves a name, --any-model all names", strings.Join(names, ", "))
	}
	for _, p := range served.Played() {
		switch {
		case p.Calls > 0:
		case p.Name != "":
			warn("%s: script %s was never played: no request matched it or named it in the header %s", p.Where, p.Name, script.Header)
		default:
			warn("%s: script was never played: no request matched it", p.Where)
		}
	}
	for _, a := range served.Answered() {
		if a.Calls == 0 {
			warn("%s: answer was never given: no request matched it that no answer above it had matched", a.Where)
		}
	}
}

// shut closes the listeners of endpoints that nobody will serve.
func shut(endpoints []mock.Endpoint) (err error) {
	for _, e := range endpoints {
		err = errors.Join(err, e.Listener.Close())
	}
	return err
}

// writePorts writes a file with the ports of the endpoints, a line each, so that whoever
// sees the file sees all of it, and returns what removes it: nobody must take a server
// that is gone for one that listens. Without a name it does nothing.
func writePorts(name string, endpoints []mock.Endpoint) (remove func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("--port-file: %w", err), shut(endpoints))
		}
	}()
	var text strings.Builder
	for _, e := range endpoints {
		_, port, err := net.SplitHostPort(e.Listener.Addr().String())
		if err != nil {
			return nil, err
		}
		text.WriteString(port + "\n")
	}
	part, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return nil, err
	}
	_, err = part.WriteString(text.String())
	if err = errors.Join(err, part.Chmod(0o644), part.Close()); err == nil {
		err = os.Rename(part.Name(), name)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(part.Name()))
	}
	return func() { _ = os.Remove(name) }, nil // it may be gone already
}
