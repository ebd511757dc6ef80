package reports

import (
	"fmt"
	"slices"
	"strings"

	"ratesim/reports/words"
	"ratesim/scenarios/prompts"
)

// Tokens says what files of prompts cost, and how long they take.
func Tokens(r *prompts.Report) *Document {
	r = asSaved(r)
	d := &Document{Kind: KindTokens, Title: tokensFinding(r), Assumed: r.Assumed, Tables: tokensTables(r), Warnings: r.Warnings, Legend: tokensLegend(r),
		Command: r.Command, Version: r.Version, Data: rounded{r}, Records: tokensRecords(r)}
	var requests, total int64
	for i := range r.Files {
		requests, total = requests+r.Files[i].Requests, total+r.Files[i].Tokens
	}
	d.Name = words.Printable(r.Files[0].Name)
	d.Facts = []string{inFull(int64(len(r.Files)), "file"), inFull(requests, "request"), inFull(total, "prompt token")}
	return d
}

// inFull writes a count in full, because tokens are counted and not rounded.
func inFull(n int64, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%s %s", whole(n), of)
}

// whole writes all digits of a number, in groups of three.
func whole(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// tokensFinding says how many tokens there are, and how sure that is.
func tokensFinding(r *prompts.Report) string {
	var total, lo, hi int64
	var estimated []string
	for i := range r.Files {
		for _, m := range r.Files[i].Models {
			total, lo, hi = total+m.Tokens, lo+m.Lo, hi+m.Hi
			if m.Family != "" && !strings.Contains(strings.Join(estimated, ", "), m.Family) {
				estimated = append(estimated, m.Family)
			}
		}
	}
	what := "The file has"
	if len(r.Files) > 1 {
		what = "The files have"
	}
	if estimated == nil {
		return fmt.Sprintf("%s %s.", what, inFull(total, "prompt token"))
	}
	return fmt.Sprintf("%s about %s, an estimate: two of three such texts have between %s and %s. The vocabulary of %s is not published.",
		what, inFull(total, "prompt token"), words.Write(float64(lo), words.Quantity), words.Write(float64(hi), words.Quantity), strings.Join(estimated, ", "))
}

func tokensTables(r *prompts.Report) []Table {
	tables := []Table{filesTable(r)}
	for i := range r.Files {
		f := &r.Files[i]
		for k := range f.Models {
			if m := &f.Models[k]; len(m.Tiers) > 0 {
				title := m.Model
				if len(r.Files) > 1 {
					title = f.Name + ", " + m.Model
				}
				tables = append(tables, tiersTable(title, m))
			}
		}
	}
	return tables
}

// filesTable has a row for each file, and for each of its models if there are several.
func filesTable(r *prompts.Report) Table {
	t := Table{Of: "file", Columns: []Column{{Head: "requests", Rank: 2}, {Head: "tokens", Rank: 1}, {Head: "a request", Sub: "mean", Rank: 3}, {Head: "a request", Sub: "p50", Rank: 4},
		{Head: "a request", Sub: "p95", Rank: 4}, {Head: "a request", Sub: "p99", Rank: 6}, {Head: "a request", Sub: "longest", Rank: 3},
		{Head: "USD", Sub: "prompts", Rank: 1}, {Head: "USD", Sub: "at most", Rank: 2}, {Head: "USD by batch", Sub: "prompts", Rank: 5}, {Head: "USD by batch", Sub: "at most", Rank: 5}}}
	money := func(v *float64) Cell {
		if v == nil {
			return absent()
		}
		if *v > 0 && *v < 0.0001 {
			return Cell{Num: "<0.0001", Sort: *v}
		}
		return value(*v, words.Dollars)
	}
	sum := func(f *prompts.File, of func(*prompts.Model) *float64) *float64 {
		total := 0.0
		for i := range f.Models {
			v := of(&f.Models[i])
			if v == nil {
				return nil
			}
			total += *v
		}
		return &total
	}
	costs := []func(*prompts.Model) *float64{
		func(m *prompts.Model) *float64 { return m.Input }, func(m *prompts.Model) *float64 { return m.Most },
		func(m *prompts.Model) *float64 { return m.BatchIn }, func(m *prompts.Model) *float64 { return m.BatchMost }}
	sizes := func(s *prompts.Sizes) []Cell {
		cells := []Cell{{Num: whole(s.Requests), Sort: float64(s.Requests)}, {Num: whole(s.Tokens), Sort: float64(s.Tokens)}}
		for _, v := range []float64{s.Mean, s.P50, s.P95, s.P99, float64(s.Max)} {
			cells = append(cells, value(v, words.Quantity))
		}
		return cells
	}
	for i := range r.Files {
		f := &r.Files[i]
		cells := sizes(&f.Sizes)
		for _, of := range costs {
			cells = append(cells, money(sum(f, of)))
		}
		t.add(f.Name, cells...)
		if f.Requests > 1 {
			t.Notes = append(t.Notes, fmt.Sprintf("The longest request of %s is %s, with %s.", f.Name, f.Longest, inFull(f.Max, "token")))
		}
		if len(f.Models) < 2 {
			continue
		}
		for k := range f.Models {
			m := &f.Models[k]
			cells := sizes(&m.Sizes)
			for _, of := range costs {
				cells = append(cells, money(of(m)))
			}
			t.add(m.Model, cells...)
			t.Rows[len(t.Rows)-1].Group = true
		}
	}
	return t
}

// tiersTable has a row for each tier of a model.
func tiersTable(title string, m *prompts.Model) Table {
	t := Table{Title: title, Of: "tier", Columns: []Column{{Head: "limits", Sub: "RPM", Rank: 3}, {Head: "limits", Sub: "TPM", Rank: 3}, {Head: "takes", Rank: 1}, {Head: "limited by", Rank: 2}, {Head: "too large", Rank: 4},
		{Head: "batch API", Sub: "queue", Rank: 5}, {Head: "batch API", Sub: "at most", Rank: 1}}}
	limit := func(v int64) Cell {
		if v == 0 {
			return absent()
		}
		return value(float64(v), words.Quantity)
	}
	for i := range m.Tiers {
		tier := &m.Tiers[i]
		cells := []Cell{limit(tier.RPM), limit(tier.TPM), absent(), text(tier.By), {Num: whole(tier.TooLarge), Sort: float64(tier.TooLarge)}, limit(tier.Queue), absent()}
		if tier.TooLarge < m.Requests {
			cells[2] = Cell{Num: spanText(tier.Seconds), Sort: tier.Seconds}
		}
		if tier.By == "" {
			cells[3] = text("nothing")
		}
		if tier.Rounds > 0 {
			cells[6] = Cell{Num: fmt.Sprintf("%d h", 24*tier.Rounds), Sort: float64(tier.Rounds)}
		}
		t.add(tier.Ref, cells...)
		if tier.QueueTooLarge > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("%s larger than the batch queue of %s.", inFull(tier.QueueTooLarge, "request")+" of them "+map[bool]string{true: "is", false: "are"}[tier.QueueTooLarge == 1], tier.Ref))
		}
	}
	if n := m.Tiers[0].BatchFiles; n > 1 {
		t.Notes = append(t.Notes, fmt.Sprintf("The batch API takes the requests in %d files.", n))
	}
	return t
}

func tokensLegend(r *prompts.Report) []string {
	legend := []string{"Tokens are those of prompts, as the vendor counts them in its usage, without a cache. USD prompts: by list prices; at most: with answers of max_tokens, where all requests declare it."}
	for i := range r.Files {
		for k := range r.Files[i].Models {
			m := &r.Files[i].Models[k]
			text := fmt.Sprintf("%s is estimated by %.2f tokens for one of o200k_base, the encoding of GPT-4o.", m.Family, m.Ratio)
			if m.Family != "" && !slices.Contains(legend, text) {
				legend = append(legend, text)
			}
		}
	}
	for i := range r.Files {
		for k := range r.Files[i].Models {
			if len(r.Files[i].Models[k].Tiers) > 0 {
				return append(legend, "Takes: from the first request to the last answer, for a client that sends each request as soon as the limits have room for it. Answers are as long as max_tokens allows; where it is not declared they count as nothing.",
					"Batch API: answers come within 24 hours, mostly sooner; if the requests do not fit into the queue, one batch comes after the other.")
			}
		}
	}
	return legend
}

// tokensRecords has a row for each number.
func tokensRecords(r *prompts.Report) [][]string {
	rows := [][]string{{"file", "model", "tier", "statistic", "value"}}
	add := func(file, model, tier, statistic string, v float64) {
		rows = append(rows, []string{file, model, tier, statistic, known(&v)})
	}
	for i := range r.Files {
		f := &r.Files[i]
		for k := range f.Models {
			m := &f.Models[k]
			for j, name := range []string{"requests", "tokens", "tokens_lo", "tokens_hi", "max_answer_tokens", "without_max_tokens", "max"} {
				add(f.Name, m.Model, "", name, float64([]int64{m.Requests, m.Tokens, m.Lo, m.Hi, m.Answers, m.Undeclared, m.Max}[j]))
			}
			for j, name := range []string{"mean", "p50", "p95", "p99"} {
				add(f.Name, m.Model, "", name, []float64{m.Mean, m.P50, m.P95, m.P99}[j])
			}
			for j, name := range []string{"prompt_usd", "most_usd", "batch_prompt_usd", "batch_most_usd"} {
				if v := []*float64{m.Input, m.Most, m.BatchIn, m.BatchMost}[j]; v != nil {
					add(f.Name, m.Model, "", name, *v)
				}
			}
			for _, t := range m.Tiers {
				add(f.Name, m.Model, t.Ref, "seconds", t.Seconds)
				add(f.Name, m.Model, t.Ref, "too_large", float64(t.TooLarge))
				if t.Rounds > 0 {
					add(f.Name, m.Model, t.Ref, "batch_rounds", float64(t.Rounds))
				}
			}
		}
	}
	return rows
}

// checkTokens finds what tables index without asking.
func checkTokens(r *prompts.Report) error {
	if len(r.Files) == 0 {
		return fmt.Errorf("files is empty, must have at least one")
	}
	return nil
}
