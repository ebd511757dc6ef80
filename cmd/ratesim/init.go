package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
)

// initFlags are the flags of init.
type initFlags struct {
	from, trace, catalog string
	log                  logFlags
}

func initCommand(s *streams) *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a scenario file to start from",
		Long: `Init writes a commented scenario file: to FILE, or to standard output. It never
overwrites a file.

With --from the file is a copy of an embedded scenario. With --trace its workload is
fitted to a usage log: the rate and the burstiness of the requests, the lengths of
prompts and answers, and max_tokens. A comment in the file says what was fitted. The
model is that of 'ratesim workload fit', which also simulates how like the log it is.`,
		Example: `  ratesim init mine.yaml
  ratesim init > mine.yaml
  ratesim init --from outage mine.yaml
  ratesim init --trace traffic.csv mine.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return inputError{fmt.Errorf("%s takes one file, got %q", c.CommandPath(), args)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.from, "from", "", "copy the embedded `SCENARIO`, or claims/NAME")
	fl.StringVar(&f.trace, "trace", "", "fit the workload to a usage log `FILE` of single requests; - is standard input")
	f.log.register(fl)
	catalogFlag(fl, &f.catalog)
	return c
}

func (f *initFlags) run(c *cobra.Command, s *streams, args []string) error {
	file, err := f.check(c, args)
	if err != nil {
		return inputError{err}
	}
	text, err := f.text(c, s, file)
	if err != nil {
		return err
	}
	if file == "" {
		_, err := s.out.Write(text)
		return err
	}
	if err := writeNew(file, text); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s is written; run it with: ratesim compare %s\n", file, shellQuote(file))
	return nil
}

// check checks the flags and returns the file to write; empty is standard output.
func (f *initFlags) check(c *cobra.Command, args []string) (file string, err error) {
	if err := emptyFlag(c); err != nil {
		return "", err
	}
	switch {
	case f.from != "" && f.trace != "":
		return "", errors.New("--from copies a scenario and --trace fits one to a log; give one of them")
	case f.trace == "" && f.log.changed(c) != "":
		return "", fmt.Errorf("--%s says how --trace is read, which is missing", f.log.changed(c))
	case f.log.check() != nil:
		return "", f.log.check()
	case len(args) == 0:
		return "", nil
	}
	return args[0], newScenarioFile(args[0])
}

// newScenarioFile says what is wrong with the name of a scenario file that is to be written.
func newScenarioFile(file string) error {
	if ext := filepath.Ext(file); ext != ".yaml" && ext != ".yml" {
		hint := ""
		if slices.Contains(scenarios.Library(), file) {
			hint = fmt.Sprintf("; it is an embedded scenario: ratesim init --from %s", file)
		}
		return fmt.Errorf("want a file that ends in .yaml or .yml, such as mine.yaml, got %q%s", file, hint)
	}
	if _, err := os.Lstat(file); err == nil {
		return existsError(file)
	}
	return nil
}

// text returns the scenario.
func (f *initFlags) text(c *cobra.Command, s *streams, file string) ([]byte, error) {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if file == "" {
		name = ""
	}
	shown := shellQuote(cmp.Or(file, "mine.yaml"))
	if f.from != "" {
		text, err := scenarios.StartFrom(shown, name, f.from)
		if err != nil {
			return nil, inputError{fmt.Errorf("--from: %w", err)}
		}
		return text, nil
	}
	name = cmp.Or(name, "mine")
	if f.trace == "" {
		return scenarios.Start(shown, name)
	}
	known, err := readCatalog(c.Context(), f.catalog)
	if err != nil {
		return nil, inputError{err}
	}
	log := &workload.Log{Name: f.trace, UsageOptions: f.log.options()}
	if f.trace == "-" {
		log.Name = stdinName
		if log.Data, err = s.readLog(); err != nil {
			return nil, cmp.Or(c.Context().Err(), err)
		}
	}
	text, err := scenarios.StartLike(shown, name, log, known)
	if err != nil {
		return nil, inputError{fmt.Errorf("--trace: %w", err)}
	}
	return text, nil
}

func existsError(file string) error {
	return fmt.Errorf("%s exists already, and ratesim init overwrites nothing; choose another name", file)
}

// writeNew writes a file that must not exist yet.
func writeNew(file string, text []byte) error {
	w, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return inputError{existsError(file)}
	}
	if err != nil {
		return fmt.Errorf("writing the scenario: %w", err)
	}
	_, err = w.Write(text)
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("writing the scenario: %w", err)
	}
	return nil
}
