package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/strategies/catalog"
)

// loadError is why what was asked for under a name cannot be read: where there is
// no such thing but something else of that name, it says how that is had, and where
// reading was interrupted, that.
func loadError(c *cobra.Command, what, name string, err error) error {
	if interrupted := c.Context().Err(); interrupted != nil {
		return interrupted
	}
	if errors.Is(err, fs.ErrNotExist) {
		if hint := elsewhere(c, name); hint != "" {
			err = fmt.Errorf("no %s %q; %s", what, name, hint)
		}
	} else if what == "scenario" && isLog(name) {
		err = fmt.Errorf("%s is a usage log, not a scenario: ratesim compare --trace %s, or ratesim ptu %s", name, name, name)
	}
	return inputError{err}
}

// isLog reports whether a file begins as a usage log does. Of a pipe, which cannot be
// read again and may wait for a writer for ever, it does not ask.
func isLog(name string) bool {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = workload.OpenUsage(name, f, workload.UsageOptions{})
	return err == nil
}

// elsewhere says what a name is and how to come to it; "" if it is nothing.
func elsewhere(c *cobra.Command, name string) string {
	for _, verb := range c.Root().Commands() {
		if verb.Name() == name {
			return fmt.Sprintf("it is a command: ratesim %s", name)
		}
	}
	_, strategy := catalog.Find(name)
	switch {
	case slices.Contains(scenarios.Library(), name) && c.Flags().Lookup("scenario") != nil:
		return fmt.Sprintf("it is a scenario: %s --scenario %s", c.CommandPath(), name)
	case slices.Contains(scenarios.Library(), name):
		return fmt.Sprintf("it is a scenario: ratesim compare %s", name)
	case slices.Contains(scenarios.Claims(), name):
		return fmt.Sprintf("it is a claim: ratesim claims %s, or ratesim compare claims/%s", name, name)
	case strategy:
		return fmt.Sprintf("it is a strategy: ratesim compare --strategies %s", name)
	}
	return ""
}
