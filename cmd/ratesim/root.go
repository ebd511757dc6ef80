package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitBadInput    = 2
	exitUnmet       = 3
	exitUntested    = 4
	exitInterrupted = 130
)

// inputError is what the user can mend: a flag, a name, a file.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// errUnmet says that an expectation of the scenario was not met.
var errUnmet = errors.New("an expectation was not met")

// errUntested says that no expectation failed, but that not all were put to the test.
var errUntested = errors.New("not everything was tested")

// run is the program: arguments in, exit code out.
func run(ctx context.Context, args []string, s streams) int {
	s.in = &interruptible{ctx: ctx, in: s.in}
	root := &cobra.Command{
		Use:   "ratesim",
		Short: "Replay traffic against LLM rate limits and compare client strategies",
		Long: `Ratesim replays traffic against the rate limits of LLM providers and compares what
clients can do about 429s: retry at once, back off, pace themselves, queue, read the
reply headers, or buy provisioned capacity.

A scenario says which calls arrive, which limits they meet and which strategies are
compared. Some are embedded; 'ratesim init' writes one of your own.

Results go to standard output, progress and errors to standard error. Exit codes:
0 done; 1 failed; 2 wrong usage or input; 3 an expectation was not met; 4 not all rules of
serve --conformance were tested; 130 interrupted, after what was finished has been
reported.`,
		Example: `  ratesim compare                        a first look, with the embedded scenario launch-day
  ratesim compare --trace traffic.csv    your own log; --provider names the limits
  ratesim herd --clients 1000            what happens when all clients retry together
  ratesim ptu usage.csv --model gpt-4o   whether provisioned capacity pays
  ratesim serve                          a provider to test a client against`,
		Version:       s.build.text(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(compareCommand(&s), initCommand(&s), tuneCommand(&s), arenaCommand(&s), sweepCommand(&s), claimsCommand(&s), herdCommand(&s), ptuCommand(&s), capacityCommand(&s), workloadCommand(&s), tokensCommand(&s), benchCommand(&s), reportCommand(&s), serveCommand(&s), uiCommand(&s), validateCommand(&s), listCommand(&s), versionCommand(&s))
	root.SetHelpCommand(helpCommand())
	root.SetVersionTemplate("{{.Version}}")
	root.InitDefaultVersionFlag()
	if completing(args) {
		complete(root)
	} else {
		refuseRepeats(root)
		plainHelp(root)
	}
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
	case errors.Is(err, errInvalid):
		return exitBadInput
	case errors.Is(err, errUnmet):
		return exitUnmet // the report says which
	case errors.Is(err, errUntested):
		return exitUntested // likewise
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(s.err, "ratesim: interrupted")
		return exitInterrupted
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Fprintln(printable{s.err}, "ratesim:", line)
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
		Short: "Show the help of a command",

		ValidArgsFunction: one(offer(commandNames)),
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
