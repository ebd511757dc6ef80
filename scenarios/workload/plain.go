package workload

import "strings"

// plain reads CSV with one row a request, in time order. It is what other
// programs can write most easily, and the layout of two published traces.
type plain struct {
	*table
	maySeconds bool
}

const (
	plainTime = iota
	plainPrompt
	plainOutput
	plainCached
	plainModel
	plainMaxTokens
)

// openPlain reads the header time,prompt_tokens,output_tokens, in any order and
// with cached_tokens, model and max_tokens if they are known. Times are seconds from the
// start, or dates.
func openPlain(in *input) reader {
	p := &plain{openTable(in, false, 3, "time", "prompt_tokens", "output_tokens", "cached_tokens", "model", "max_tokens"), true}
	p.refuseOthers()
	return p
}

// openAzureTrace reads the Azure LLM inference traces: TIMESTAMP is a date,
// with zone or without.
func openAzureTrace(in *input) reader {
	p := &plain{openTable(in, false, 3, "TIMESTAMP", "ContextTokens", "GeneratedTokens"), false}
	p.refuseOthers()
	return p
}

// refuseOthers refuses columns that nobody would read: in a layout of our own
// they are most likely misspelt.
func (p *plain) refuseOthers() {
	c := p.rows.(*csvFields)
	for j, column := range c.header {
		known := false
		for _, at := range c.at {
			known = known || at == j
		}
		if !known {
			p.in.fail(1, 0, "has a column %s; allowed: %s", excerpt(column), strings.Join(p.wanted, ", "))
		}
	}
}

func (p *plain) next(it *item) bool {
	if !p.table.next(it) || !p.timeInOrder(plainTime, p.maySeconds, &it.Start) ||
		!p.count(plainPrompt, &it.Prompt) || !p.count(plainOutput, &it.Output) || !p.count(plainCached, &it.Cached) ||
		!p.count(plainMaxTokens, &it.MaxTokens) {
		return false
	}
	it.Requests, it.Model = 1, p.text(plainModel)
	return true
}
