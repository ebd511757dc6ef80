package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// withoutEffect are the flags that change how a result is shown, or where it goes, and
// not what it is.
var withoutEffect = []string{"by", "explain-cost", "no-color", "out", "output", "quiet", "watch"}

// alwaysSaid are the flags whose defaults another version might change.
var alwaysSaid = []string{"seed", "reps"}

// commandLine returns the command that makes the same result again, as one would type
// it in a shell.
func commandLine(c *cobra.Command, args []string) string {
	words := append(strings.Fields(c.CommandPath()), args...)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if slices.Contains(withoutEffect, f.Name) || !f.Changed && !slices.Contains(alwaysSaid, f.Name) {
			return
		}
		for _, v := range given(f) {
			if f.Value.Type() == "bool" {
				words = append(words, "--"+f.Name+"="+v)
				continue
			}
			words = append(words, "--"+f.Name, v)
		}
	})
	for i, w := range words {
		words[i] = shellQuote(w)
	}
	return strings.Join(words, " ")
}

// given returns the values of a flag, of which each needs the flag before it.
func given(f *pflag.Flag) []string {
	list, ok := flagList(f)
	switch {
	case !ok:
		return []string{f.Value.String()}
	case slices.Contains(repeatable, f.Name):
		return list
	}
	return []string{strings.Join(list, ",")}
}

// flagList returns the items of a flag that is a list.
func flagList(f *pflag.Flag) ([]string, bool) {
	v := f.Value
	if o, ok := v.(*once); ok {
		v = o.Value
	}
	list, ok := v.(pflag.SliceValue)
	if !ok {
		return nil, false
	}
	return list.GetSlice(), true
}

// shellQuote returns a word as POSIX shells read it back.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%_+=:,./-", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
