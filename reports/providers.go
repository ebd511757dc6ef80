package reports

import (
	"encoding/csv"
	"fmt"
	"io"

	"ratesim/sim/metrics"
)

// ProvidersSchema names the layout of Providers.
const ProvidersSchema = "ratesim/providers/v1"

// Providers is the same traffic on several providers, as -o json prints it.
type Providers struct {
	Schema   string            `json:"schema"`
	Scenario string            `json:"scenario"`
	Seed     uint64            `json:"seed"`
	Results  []*metrics.Result `json:"results"` // one for each provider
}

// sideBySide is the table of several results, and what each verdict says.
func sideBySide(results []*metrics.Result) sheetOf {
	t := sheetOf{results: results, cols: columnsOf(results[0])}
	for _, r := range results {
		for i, sentence := range Verdict(r) {
			if i == 0 {
				sentence = printable(r.Provider) + ": " + sentence
			}
			t.verdict = append(t.verdict, sentence)
		}
	}
	return t
}

// ProvidersTable writes the results of several providers in one table, laid out as by
// [Table].
func ProvidersTable(w io.Writer, results []*metrics.Result, o TableOptions) error {
	return writeSheet(w, sideBySide(results), o)
}

// ProvidersMarkdown writes what [ProvidersTable] shows as a GitHub table.
func ProvidersMarkdown(w io.Writer, results []*metrics.Result, o TableOptions) error {
	return writeMarkdownSheet(w, sideBySide(results), o)
}

// ProvidersJSON writes the results of several providers in the schema
// ratesim/providers/v1, each as [JSON] writes it.
func ProvidersJSON(w io.Writer, results []*metrics.Result) error {
	out := Providers{Schema: ProvidersSchema, Scenario: results[0].Scenario, Seed: results[0].Seed}
	for _, r := range results {
		out.Results = append(out.Results, rounded(r))
	}
	return writeJSON(w, out)
}

// ProvidersCSV writes what [CSV] writes of each result, with the provider in the first
// column.
func ProvidersCSV(w io.Writer, results []*metrics.Result, o TableOptions) error {
	var rows [][]string
	for i, r := range results {
		for k, row := range csvRows(r, o) {
			first := r.Provider
			if k == 0 {
				if i > 0 {
					continue
				}
				first = "provider"
			}
			rows = append(rows, append([]string{first}, row...))
		}
	}
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}
