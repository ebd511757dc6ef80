package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// repeatable are the flags that may be given several times. Of any other flag the last
// value would win, and the answer would be to another question than the one asked.
var repeatable = []string{"alias", "fail-on", "model", "param", "provider", "set", "slo", "unit-price", "vendor"}

// refuseRepeats makes every flag of a command and of those below it an error when it is
// given twice, unless it is one of repeatable.
func refuseRepeats(c *cobra.Command) {
	for _, flags := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
		flags.VisitAll(func(f *pflag.Flag) {
			if _, list := f.Value.(pflag.SliceValue); !list || !slices.Contains(repeatable, f.Name) {
				f.Value = &once{Value: f.Value, name: f.Name}
			}
		})
	}
	for _, sub := range c.Commands() {
		refuseRepeats(sub)
	}
}

// plainHelp lets help see the values that refuseRepeats has wrapped: it shows a default
// by what the value is.
func plainHelp(root *cobra.Command) {
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if o, ok := f.Value.(*once); ok {
				f.Value = o.Value
			}
		})
		help(c, args)
	})
}

// once is the value of a flag that is given at most once.
type once struct {
	pflag.Value
	name  string
	first *string // as given; nil = not yet
}

// Set implements pflag.Value.
func (o *once) Set(text string) error {
	if o.first != nil {
		return &repeatedError{o.name, *o.first, text}
	}
	o.first = &text
	return o.Value.Set(text)
}

// repeatedError says that a flag is given twice.
type repeatedError struct{ name, first, second string }

func (e *repeatedError) Error() string {
	if e.first == e.second {
		return fmt.Sprintf("--%s is given twice", e.name)
	}
	return fmt.Sprintf("--%s is given twice: %s and %s", e.name, e.first, e.second)
}
