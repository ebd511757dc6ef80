package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/scenarios"
)

// flagError says what is wrong with a flag and, of an unknown one, what was meant.
func flagError(c *cobra.Command, err error) error {
	if repeated, ok := errors.AsType[*repeatedError](err); ok {
		return repeated
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if hint := flagMeant(c, unknown); hint != "" {
			err = fmt.Errorf("%w; %s", err, hint)
		}
	}
	return fmt.Errorf("%w\nsee '%s --help'", err, c.CommandPath())
}

// flagMeant says which flag was most likely meant: the same word with two dashes, one of
// another command, or one that is spelt almost alike. It is empty if there is none.
func flagMeant(c *cobra.Command, unknown *pflag.NotExistError) string {
	name := unknown.GetSpecifiedName()
	if group := unknown.GetSpecifiedShortnames(); group != "" { // -seed is read as -s -e -e -d
		name, _, _ = strings.Cut(group, "=")
	}
	known := flagNames(c)
	if slices.Contains(known, name) {
		return fmt.Sprintf("did you mean --%s?", name)
	}
	if owners := flagOwners(c.Root(), name); len(owners) > 0 {
		return fmt.Sprintf("--%s is a flag of %s", name, strings.Join(owners, ", "))
	}
	if len(name) == 1 {
		var begin []string
		for _, k := range known {
			if strings.HasPrefix(k, name) {
				begin = append(begin, "--"+k)
			}
		}
		if len(begin) == 0 {
			return ""
		}
		return "flags that begin so: " + strings.Join(begin, ", ")
	}
	if near, ok := scenarios.Nearest(name, known); ok {
		return fmt.Sprintf("did you mean --%s?", near)
	}
	return ""
}

// flagNames returns the long names of a command's flags.
func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// flagOwners returns the commands that have a flag of that name.
func flagOwners(root *cobra.Command, name string) []string {
	var owners []string
	if slices.Contains(flagNames(root), name) && !root.Hidden {
		owners = append(owners, root.CommandPath())
	}
	for _, c := range root.Commands() {
		owners = append(owners, flagOwners(c, name)...)
	}
	return owners
}
