package catalog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded is a deployment as the catalog had it in November 2026, before each vendor had a
// folder and the editions of October were read.
type recorded struct {
	Ref     string
	Edition string
	Limits  map[string]int64
	Batch   int64 `json:"batch_queue"`
	PTU     struct {
		Minimum int
		Step    int
		TPM     int64   `json:"tpm_per_ptu"`
		Ratio   float64 `json:"output_ratio"`
	}
	Price struct {
		Input  float64 `json:"usd_per_million_input"`
		Cached float64 `json:"usd_per_million_cached"`
		Output float64 `json:"usd_per_million_output"`
		Unit   float64 `json:"usd_per_ptu_hour"`
	}
}

// corrected are numbers that were wrong, and why they are others now: limits by reference,
// and prices by vendor/model. All others must stay. A price may join a model that had none.
var corrected = map[string]string{
	"openai/o3-mini@tier-2":              "the page of o3-mini has 200K tokens a minute; the catalog had those of o4-mini",
	"gemini/gemini-2.5-flash@free":       "429s of August to October 2026 told the limits of a day and on tokens too",
	"gemini/gemini-3.5-flash@free":       "429s of August to October 2026 told the limit of a minute too",
	"gemini/gemini-3.8-flash@free":       "429s of August to October 2026 told the limits of a minute too",
	"gemini/gemini-3-pro-preview@tier-1": "the page of November 2025 has 50M tokens in the batch queue; the choices say what speaks against it",
	"anthropic/claude-opus-5.5":          "Anthropic's price list of October 2026; the catalog had a summary",
	"anthropic/claude-sonnet-5.5":        "Anthropic's price list of October 2026; the catalog had a summary",
	"anthropic/claude-sonnet-5":          "Anthropic's price list of October 2026; the catalog had a summary",
	"azure/gpt-4.1-mini":                 "the price of cached tokens was not known",
	"openai/gpt-5-nano":                  "the price of cached tokens was not known",
	"openai/gpt-5.5-long":                "OpenAI's price list of October 2026; the catalog had the price of short prompts",
}

// A reference of a scenario of last month means what it meant then, with its edition and
// without it.
func TestReferencesOfBefore(t *testing.T) {
	file, err := os.Open("testdata/before.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known, lines, changed := Embedded(), 0, map[string]bool{}
	for scan := bufio.NewScanner(file); scan.Scan(); lines++ {
		var old recorded
		if err := json.Unmarshal(scan.Bytes(), &old); err != nil {
			t.Fatal(err)
		}
		vendor, _, model, tier, _ := split(old.Ref)
		for _, ref := range []string{old.Ref, fmt.Sprintf("%s:%s/%s@%s", vendor, old.Edition, model, tier)} {
			units := strings.Replace(ref, "@"+provisioned, fmt.Sprintf("@ptu-%d", old.PTU.Minimum), 1)
			row, _, err := known.row(units)
			if err != nil {
				t.Error(err)
				continue
			}
			got := record(row)
			got.Ref, got.Edition = old.Ref, old.Edition
			was := old.Price
			if row.Scope == "data-zone" { // which costs a tenth more, and the catalog did not have it
				was.Input, was.Cached, was.Output = times(was.Input, 1.1), times(was.Cached, 1.1), times(was.Output, 1.1)
			}
			if old.Price == (recorded{}).Price {
				got.Price = old.Price
			} else if got.Price != was {
				of := vendor + "/" + model
				if changed[of] = true; corrected[of] == "" {
					t.Errorf("%s: price %+v, want %+v", ref, got.Price, was)
				}
			}
			got.Price = old.Price
			if diff := cmp.Diff(old, got); diff != "" {
				if changed[old.Ref] = true; corrected[old.Ref] == "" {
					t.Errorf("%s: %s", ref, diff)
				}
			}
		}
	}
	for of, why := range corrected {
		if !changed[of] {
			t.Errorf("%s is said to be corrected (%s), and is what it was", of, why)
		}
	}
	if lines != 251 {
		t.Errorf("%d references were recorded, want all 251", lines)
	}
}

func record(row *Row) recorded {
	r := recorded{Batch: row.BatchQueue, Limits: map[string]int64{}}
	for _, l := range row.Limits {
		r.Limits[l.Name] = l.Most
	}
	p, u := &row.Config.Price, &row.Config.PTU
	r.Price.Input, r.Price.Cached, r.Price.Output, r.Price.Unit = p.Input, p.Cached, p.Output, p.UnitHour
	r.PTU.Minimum, r.PTU.Step, r.PTU.TPM, r.PTU.Ratio = row.Minimum, row.Step, u.TPMPerUnit, u.OutputRatio
	return r
}
