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

// corrected are references whose numbers were wrong, and why they are others now. The numbers
// of all others must stay.
var corrected = map[string]string{}

// A reference of a scenario of last month means what it meant then, with its edition and
// without it.
func TestReferencesOfBefore(t *testing.T) {
	file, err := os.Open("testdata/before.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known, changed := Embedded(), map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var old recorded
		if err := json.Unmarshal(lines.Bytes(), &old); err != nil {
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
			got := recorded{Ref: old.Ref, Edition: old.Edition, Batch: row.BatchQueue, Limits: map[string]int64{}}
			for _, l := range row.Limits {
				got.Limits[l.Name] = l.Most
			}
			p, u := &row.Config.Price, &row.Config.PTU
			got.Price.Input, got.Price.Cached, got.Price.Output, got.Price.Unit = p.Input, p.Cached, p.Output, p.UnitHour
			got.PTU.Minimum, got.PTU.Step, got.PTU.TPM, got.PTU.Ratio = row.Minimum, row.Step, u.TPMPerUnit, u.OutputRatio
			diff := cmp.Diff(old, got)
			if _, known := corrected[old.Ref]; !known && diff != "" {
				t.Errorf("%s: %s", ref, diff)
			}
			changed[old.Ref] = changed[old.Ref] || diff != ""
		}
	}
	for ref, why := range corrected {
		if !changed[ref] {
			t.Errorf("%s is said to be corrected (%s), and is what it was", ref, why)
		}
	}
	if len(changed) != 251 {
		t.Errorf("%d references were recorded, want all 251", len(changed))
	}
}
