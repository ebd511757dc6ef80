package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/scenarios"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitBadInput    = 2
	exitUnmet       = 3
	exitInterrupted = 130
)

// inputError is what the user can mend: a flag, a name, a file.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// errUnmet says that an expectation of the scenario was not met.
var errUnmet = errors.New("an expectation was not met")

// run is the program: arguments in, exit code out.
func run(ctx context.Context, args []string, s streams) int {
	s.in = &interruptible{ctx: ctx, in: s.in}
	root := &cobra.Command{
		Use:           "ratesim",
		Short:         "replay traffic against LLM rate limits and compare client strategies",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(compareCommand(&s), claimsCommand(&s), herdCommand(&s), ptuCommand(&s), benchCommand(&s), serveCommand(&s), listCommand(&s))
	root.SetHelpCommand(helpCommand())
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return inputError{flagError(c, err)} })
	return exitCode(root.ExecuteContext(ctx), s)
}

func exitCode(err error, s streams) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errUnmet):
		return exitUnmet // the report says which
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(s.err, "ratesim: interrupted")
		return exitInterrupted
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Fprintln(s.err, "ratesim:", line)
	}
	if errors.As(err, new(inputError)) {
		return exitBadInput
	}
	return exitFailed
}

// helpCommand refuses what is no command; cobra's own would show the root's help.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "help about a command",
		RunE: func(c *cobra.Command, args []string) error {
			of, rest, err := c.Root().Find(args)
			if err != nil || of == c.Root() {
				err = noArgs(c.Root(), rest)
			}
			if err != nil {
				return err
			}
			return of.Help()
		},
	}
}

// flagError adds the nearest flag to an unknown one.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if near, ok := scenarios.Nearest(unknown.GetSpecifiedName(), known); ok {
			err = fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	}
	return fmt.Errorf("%w\nsee '%s --help'", err, c.CommandPath())
}

// noArgs refuses arguments; for the root command those are unknown commands.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasParent() {
		return inputError{fmt.Errorf("%s takes no arguments, got %q", c.CommandPath(), args[0])}
	}
	if hint := elsewhere(c, args[0]); hint != "" {
		return inputError{fmt.Errorf("no command %q; %s", args[0], hint)}
	}
	var known []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			known = append(known, sub.Name())
		}
	}
	return inputError{fmt.Errorf("%w\nsee 'ratesim --help'", unknown("command", args[0], known))}
}
