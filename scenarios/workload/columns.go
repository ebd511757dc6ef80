package workload

import (
	"fmt"
	"slices"
	"strings"
)

// Columns maps what ratesim reads of a request to the column of a log that holds it. A name
// with dots, such as usage.prompt_tokens, is a value within an object of JSON.
type Columns map[string]string

// columnNames lists what a log of the format plain may say of a request; the first three it
// must.
var columnNames = [...]string{"time", "prompt_tokens", "output_tokens", "cached_tokens", "model", "max_tokens", "tenant", "status", "latency", "cost",
	"deadline", "priority"}

const (
	plainTime = iota
	plainPrompt
	plainOutput
	plainCached
	plainModel
	plainMaxTokens
	plainTenant
	plainStatus
	plainLatency
	plainCost
	plainDeadline
	plainPriority

	plainNeeded = plainOutput + 1
)

// ColumnNames returns what can be mapped, in the order of importance.
func ColumnNames() []string { return columnNames[:] }

// ParseColumns reads a mapping as a flag has it: time=ts,prompt_tokens=in_tok.
func ParseColumns(text string) (Columns, error) {
	c := Columns{}
	for part := range strings.SplitSeq(text, ",") {
		name, column, ok := strings.Cut(part, "=")
		name, column = strings.TrimSpace(name), strings.TrimSpace(column)
		switch {
		case !ok || name == "" || column == "":
			return nil, fmt.Errorf("want NAME=COLUMN,... such as time=ts,prompt_tokens=in_tok,tenant=team, got %q", text)
		case c[name] != "":
			return nil, fmt.Errorf("%s is mapped twice", name)
		}
		c[name] = column
	}
	return c, c.Check()
}

// Check says which name of c is none that can be mapped, or which column is mapped twice.
func (c Columns) Check() error {
	used := map[string]string{}
	for _, name := range slices.Sorted(keysOf(c)) {
		if !slices.Contains(columnNames[:], name) {
			return fmt.Errorf("%q is not what a column can hold; allowed: %s", name, strings.Join(columnNames[:], ", "))
		}
		if other, twice := used[c[name]]; twice {
			return fmt.Errorf("column %q is both %s and %s", c[name], other, name)
		}
		used[c[name]] = name
	}
	return nil
}

func keysOf(c Columns) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range c {
			if !yield(k) {
				return
			}
		}
	}
}

// String writes c as ParseColumns reads it.
func (c Columns) String() string {
	var parts []string
	for _, name := range columnNames {
		if c[name] != "" {
			parts = append(parts, name+"="+c[name])
		}
	}
	return strings.Join(parts, ",")
}

// hints are parts of the names by which logs call what columnNames lists. A column whose name
// begins with "!" parts is not it.
var hints = [...]struct{ parts, not []string }{
	plainTime:      {[]string{"time", "ts", "date", "created", "start", "when"}, []string{"end", "latency", "first", "tokens", "duration"}},
	plainPrompt:    {[]string{"prompt", "input", "in_tok", "context", "request_tok", "request tok"}, []string{"cache", "cost", "price", "_text", "max"}},
	plainOutput:    {[]string{"output", "completion", "generated", "response_tok", "response tok", "out_tok", "answer"}, []string{"cost", "price", "_text", "max", "id"}},
	plainCached:    {[]string{"cached", "cache_read"}, nil},
	plainModel:     {[]string{"model"}, nil},
	plainMaxTokens: {[]string{"max_tok", "max_output", "max_completion"}, nil},
	plainTenant:    {[]string{"tenant", "team", "customer", "client", "user", "org", "project", "account", "api_key"}, nil},
	plainStatus:    {[]string{"status", "http_code"}, nil},
	plainLatency:   {[]string{"latency", "duration", "elapsed"}, nil},
	plainCost:      {[]string{"cost", "spend", "usd"}, nil},
	plainDeadline:  {[]string{"deadline"}, nil},
	plainPriority:  {[]string{"priority"}, nil},
}

// guess says which column probably holds what; the names that are there are mapped to
// themselves, and those that nothing resembles are missing.
type guess struct {
	columns Columns
	found   int // of those that must be there
}

func guessColumns(names []string) guess {
	g := guess{columns: Columns{}}
	taken := map[string]bool{}
	for i, name := range columnNames {
		for _, n := range names {
			if strings.EqualFold(n, name) {
				g.columns[columnNames[i]], taken[n] = n, true
			}
		}
	}
	for i, name := range columnNames {
		if g.columns[name] == "" {
			for _, part := range hints[i].parts {
				j := slices.IndexFunc(names, func(n string) bool {
					low := strings.ToLower(n)
					return !taken[n] && strings.Contains(low, part) && !slices.ContainsFunc(hints[i].not, func(no string) bool { return strings.Contains(low, no) })
				})
				if j >= 0 {
					g.columns[name], taken[names[j]] = names[j], true
					break
				}
			}
		}
		if i < plainNeeded && g.columns[name] != "" {
			g.found++
		}
	}
	return g
}

// likely reports whether the log is one of requests that lacks little.
func (g guess) likely() bool { return g.found >= 2 && g.columns[columnNames[plainPrompt]] != "" }

// message says which columns are missing, which are there, and how to map them.
func (g guess) message(names []string) string {
	var lacking []string
	flag := Columns{}
	for i, name := range columnNames {
		column := g.columns[name]
		if i < plainNeeded && !strings.EqualFold(column, name) {
			lacking = append(lacking, name)
			if column == "" {
				column = "COLUMN"
			}
		}
		if column != "" && !strings.EqualFold(column, name) {
			flag[name] = column
		}
	}
	what := "column"
	if len(lacking) > 1 {
		what = "columns"
	}
	return fmt.Sprintf("lacks the %s %s; it has %s; say which of them hold what, such as --columns '%s'",
		what, strings.Join(lacking, ", "), someNames(names), flag)
}

// someNames lists names for a message, each once.
func someNames(names []string) string {
	var all []string
	for _, n := range names {
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	const most = 30
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

// Columns returns those of ColumnNames that rows of the log may have values of. Of lines of
// JSON, each of which may have others than the one before, these are all.
func (u *Usage) Columns() []string {
	if p, ok := u.screen.rows.(*plain); ok && u.format.Name == plainFormat {
		var names []string
		for i, name := range columnNames {
			if p.rows.has(i) {
				names = append(names, name)
			}
		}
		return names
	}
	names := slices.Clone(columnNames[:plainNeeded])
	switch u.format.Name {
	case "burstgpt":
		names = append(names, "model", "latency")
	case "openai-batch":
		names = append(names, "model", "max_tokens")
	case "litellm", "langfuse", "helicone", "dev-proxy":
		names = append(names, "cached_tokens", "model", "tenant", "status", "latency", "cost")
	}
	return names
}
