package main

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"ratesim/cmd/ratesim/ui"
	"ratesim/scenarios"
)

// uiFlags are the flags of ui.
type uiFlags struct {
	port         int
	open, noOpen bool
	catalog      string
}

func uiCommand(s *streams) *cobra.Command {
	var f uiFlags
	c := &cobra.Command{
		Use:   "ui [SCENARIO]",
		Short: "Compare strategies in a browser, with sliders",
		Long: `Ui opens the comparison in a browser. Sliders change the load, the limits, the
clients and the faults; the page simulates while they move and shows the answer as
replications come. Drop a usage log on it to replay that. It saves what was set as a
scenario file, and the result as a report.

The page can be reached from this machine only, at the address that is printed. The
address holds a secret that is new with each start. Ctrl-C ends it at once.`,
		Example: `  ratesim ui
  ratesim ui outage
  ratesim ui mine.yaml --port 8090 --no-open`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error { return f.serve(c, s, args) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.IntVar(&f.port, "port", 0, "the `PORT` of this machine to listen on; 0 takes a free one")
	fl.BoolVar(&f.open, "open", false, "open the page in the browser; without it, only when standard output is a terminal")
	fl.BoolVar(&f.noOpen, "no-open", false, "do not open the page")
	catalogFlag(fl, &f.catalog)
	return c
}

func (f *uiFlags) serve(c *cobra.Command, s *streams, args []string) error {
	if f.port < 0 || f.port > 65535 {
		return inputError{fmt.Errorf("--port takes 0 to 65535, got %d", f.port)}
	}
	if f.open && f.noOpen {
		return inputError{errors.New("--open and --no-open exclude each other")}
	}
	known, err := readCatalog(c.Context(), f.catalog)
	if err != nil {
		return inputError{err}
	}
	name := scenarios.Default
	if len(args) == 1 {
		name = args[0]
	}
	file, err := hearing(c.Context(), func() (*scenarios.File, error) { return scenarios.Open(name, s.in) })
	if err == nil {
		_, err = file.Read(scenarios.Options{Catalog: known})
	}
	if err != nil {
		return loadError(c, "scenario", name, err)
	}
	ready := func(address string) {
		fmt.Fprintf(s.out, "ratesim ui: %s\n", address)
		if f.open || !f.noOpen && s.width > 0 {
			if err := browse(address); err != nil {
				fmt.Fprintf(s.err, "ratesim: warning: opening the browser: %v\n", err)
			}
		}
	}
	return ui.Serve(c.Context(), ui.Config{Catalog: known, Start: file, Name: name, Version: s.build.short()}, f.port, ready)
}

// browse opens an address in the user's browser.
func browse(address string) error {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.Command("open", address)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	default:
		cmd = exec.Command("xdg-open", address)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // it is the user's program from now on
	return nil
}
