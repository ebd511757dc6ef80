package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"ratesim/provider/tokens"
	"ratesim/reports"
	"ratesim/scenarios/prompts"
)

// tokensFlags are the flags of ratesim tokens.
type tokensFlags struct {
	model, kind, provider string
	catalog, output       string
	noColor               bool
}

func tokensCommand(s *streams) *cobra.Command {
	var f tokensFlags
	c := &cobra.Command{
		Use:   "tokens [FILE...]",
		Short: "Count the tokens of prompts and batch files: what they cost, and how long they take",
		Long: `Tokens counts the tokens of prompts, without a network: of plain text, of requests as
they are sent to a model (JSON, one or many), and of the files that the batch APIs of
OpenAI and Anthropic take. It says what they cost, and how long they take at each tier
of their model and by the batch API. Without FILE it reads standard input.

Messages, tools and images count by the rules that the vendors publish. Tokens of
models whose vocabulary is not published are estimated, and the output says so.`,
		Example: `  ratesim tokens prompt.txt
  ratesim tokens --model claude-sonnet-4.5 prompts/*.txt
  ratesim tokens batch.jsonl -o json
  git diff | ratesim tokens`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.model, "model", "", "count for this `MODEL` (default the one that each request names, and "+prompts.Default+" for text)")
	fl.StringVar(&f.kind, "kind", prompts.Auto, "`KIND` of the files: "+strings.Join(prompts.Kinds(), ", "))
	fl.StringVar(&f.provider, "provider", "", "take prices and tiers of the model of `REF`, vendor/model@tier (default those of the model's maker)")
	catalogFlag(fl, &f.catalog)
	fl.StringVarP(&f.output, "output", "o", "table", "`FORMAT` of the result: "+strings.Join(capacityOutputs, ", "))
	fl.BoolVar(&f.noColor, "no-color", false, "use no colour, as with the variable NO_COLOR")
	return c
}

func (f *tokensFlags) run(c *cobra.Command, s *streams, names []string) error {
	if err := emptyFlag(c); err != nil {
		return inputError{err}
	}
	known, err := readCatalog(c.Context(), f.catalog)
	switch {
	case err != nil:
	case !slices.Contains(capacityOutputs, f.output):
		err = unknown("--output", f.output, capacityOutputs)
	case !slices.Contains(prompts.Kinds(), f.kind):
		err = unknown("--kind", f.kind, prompts.Kinds())
	case f.model != "":
		if bad := prompts.CheckModel(f.model, known); bad != nil {
			err = fmt.Errorf("--model: %w", bad)
		}
	}
	if err != nil {
		return inputError{err}
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	files, err := f.count(c.Context(), s, names)
	if err != nil {
		return err
	}
	r, err := prompts.Answer(&prompts.Question{Catalog: known, Provider: f.provider}, files)
	if err != nil {
		return inputError{err}
	}
	r.Command, r.Version = commandLine(c, names), s.build.short()
	return output{format: f.output, color: !f.noColor}.report(s, reports.Tokens(r))
}

// count counts files side by side. Of several that are wrong it names all.
func (f *tokensFlags) count(ctx context.Context, s *streams, names []string) ([]*prompts.Counted, error) {
	if i := slices.Index(names, "-"); i >= 0 && slices.Contains(names[i+1:], "-") {
		return nil, inputError{errors.New("standard input is one file; give the others by name")}
	}
	counter := tokens.New()
	files, errs := make([]*prompts.Counted, len(names)), make([]error, len(names))
	var all sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, name := range names {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			files[i], errs[i] = f.read(ctx, s, name, counter)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err := errors.Join(errs...); err != nil {
		return nil, inputError{err}
	}
	return files, nil
}

// read counts one file.
func (f *tokensFlags) read(ctx context.Context, s *streams, name string, counter *tokens.Counter) (*prompts.Counted, error) {
	o := prompts.Options{Kind: f.kind, Model: f.model, Counter: counter}
	if name == "-" {
		return prompts.Count(stdinName, s.in, o)
	}
	file, err := hearing(ctx, func() (*os.File, error) { return os.Open(name) })
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = fmt.Errorf("%s: cannot open the file: %w", name, path.Err)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var in io.Reader = file
	switch info, err := file.Stat(); {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory; give its files", name)
	case !info.Mode().IsRegular():
		in = &interruptible{ctx: ctx, in: file}
	}
	return prompts.Count(name, in, o)
}
