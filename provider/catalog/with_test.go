package catalog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
)

const head = "vendor,edition,model,tier,rpm,tpm,source,date,confidence,usd_per_million_input,usd_per_million_output\n"

func TestWith(t *testing.T) {
	const own = "\ufeff" + head +
		"openai,,gpt-4o,tier-1,600,,my contract,2026-11,official,,\n" + // in place of the catalog's
		"openai,,gpt-4o,mine,, 70000 ,my contract,2026-11,official,1,4\n" +
		"xai,,grok,t0,60,,my console,2026-11,observed,,\n" +
		"openai,2026-12,gpt-4.1,tier-1,1,,my contract,2026-12,official,,\n"
	base := Embedded()
	c, err := base.With("own.csv", strings.NewReader(own))
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.With("more.csv", strings.NewReader(
		"tier,model,vendor,minimum,step,tpm_per_ptu,output_ratio,target_tps,usd_per_ptu_hour,source,date,confidence\n"+
			"ptu-N,gpt-4o,azure,7,3,1000,5,100,2.5,my contract,2026-11,official\n")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ref      string
		rpm, tpm int64
		price    provider.Price
	}{
		{"openai/gpt-4o@tier-1", 600, 0, provider.Price{Input: 2.5, Cached: 1.25, Output: 10}},
		{"openai/gpt-4o@tier-2", 5000, 450_000, provider.Price{Input: 2.5, Cached: 1.25, Output: 10}},
		{"openai:2026-11/gpt-4o@mine", 0, 70_000, provider.Price{Input: 1, Cached: 1, Output: 4}},
		{"xai:2026-11/grok@t0", 60, 0, provider.Price{}},
		{"openai/gpt-4.1@tier-1", 1, 0, provider.Price{Input: 2, Cached: 0.5, Output: 8}},
		{"openai:2026-11/gpt-4.1@tier-1", 500, 30_000, provider.Price{Input: 2, Cached: 0.5, Output: 8}},
		{"azure/gpt-4o@ptu-10", 0, 0, provider.Price{UnitHour: 2.5}},
	} {
		got, err := c.Find(tt.ref)
		if err != nil {
			t.Error(err)
		} else if got.RPM != tt.rpm || got.TPM != tt.tpm || got.Price != tt.price {
			t.Errorf("%s: RPM %d, TPM %d, price %+v", tt.ref, got.RPM, got.TPM, got.Price)
		}
	}
	if got, _ := c.Find("azure/gpt-4o@ptu-10"); got.PTU != (provider.Provisioned{Units: 10, TPMPerUnit: 1000, OutputRatio: 5}) || got.Latency.Floor != 10*time.Millisecond {
		t.Errorf("own PTU: %+v, floor %v", got.PTU, got.Latency.Floor)
	}
	if _, err := base.Find("openai/gpt-4o@mine"); err == nil || len(base.List())+3 != len(c.List()) {
		t.Errorf("%d rows of %d: With changes the catalog it is called on", len(base.List()), len(c.List()))
	}
}

// Everything wrong is reported with its place and what to change.
func TestWithErrors(t *testing.T) {
	const ok = "openai,,gpt-4o,tier-1,500,30000,s,2026,official,,\n"
	for _, tt := range []struct{ name, file, want string }{
		{"nothing", "", "x.csv:1:1: the file is empty"},
		{"no source column", "vendor,model,tier,date,confidence\n", `x.csv:1:1: no column "source"`},
		{"unit", strings.Replace(head, "tpm", "tps", 1), `x.csv:1:31: unknown column or unit "tps"; allowed: vendor, model, tier, `},
		{"price unit", strings.Replace(head, "_million_", "_thousand_", 1), `unknown column or unit "usd_per_thousand_input"`},
		{"column twice", strings.Replace(head, "tpm", "rpm", 1), `x.csv:1:31: column "rpm" is there twice`},
		{"cells", head + ok + "openai,,gpt-4o\n", "x.csv:3:1: wrong number of fields"},
		{"quote", head + ok + `openai,"`, "x.csv:3:"},
		{"source", head + ok + "openai,,gpt-4o,tier-2,500,30000, ,2026,official,,\n", "x.csv:3:33: source: is empty"},
		{"confidence", head + "openai,,gpt-4o,tier-2,500,30000,s,2026,sure,,\n", `x.csv:2:40: confidence: unknown confidence "sure"; allowed: official, `},
		{"negative price", head + "openai,,gpt-4o,tier-2,500,30000,s,2026,official,-1,2\n", `x.csv:2:49: usd_per_million_input: want a price of at least 0, got "-1"`},
		{"half a price", head + "openai,,gpt-4o,tier-2,500,30000,s,2026,official,1,\n", `usd_per_million_output: is empty`},
		{"limit of 0", head + "openai,,gpt-4o,tier-2,0,30000,s,2026,official,,\n", `x.csv:2:23: rpm: 0 would admit nothing; leave the cell empty for no limit`},
		{"negative limit", head + "openai,,gpt-4o,tier-2,500,-1,s,2026,official,,\n", `tpm: want a whole number from 1 to 100000000000 or nothing, got "-1"`},
		{"limit too large", head + "openai,,gpt-4o,tier-2,500,100000000001,s,2026,official,,\n", `tpm: want a whole`},
		{"vendor", head + "acme,,gpt-4o,tier-2,500,30000,s,2026,official,,\n", `x.csv:2:1: vendor: "acme" has no rules here; vendors: anthropic, `},
		{"no vendor", head + ",,gpt-4o,tier-2,500,30000,s,2026,official,,\n", `x.csv:2:1: vendor: is empty`},
		{"name", head + "openai,,gpt/4o,tier-2,500,30000,s,2026,official,,\n", `x.csv:2:9: model: "gpt/4o" is part of a reference`},
		{"twice", head + ok + ok, `x.csv:3:16: tier: openai:2026-09/gpt-4o@tier-1 is there twice`},
		{"ptu tier", head + "azure,,gpt-4o,ptu-15,,,s,2026,official,,\n", `tier: want ptu-N`},
		{"no ptu", head + "azure,,gpt-4o,ptu-N,,,s,2026,official,,\n", `minimum: is empty`},
		{"limit of ptu", head + "azure,,gpt-4o,ptu-N,5,,s,2026,official,,\n", `rpm: a provisioned deployment is limited by its units alone`},
		{"ptu of none", "vendor,model,tier,step,source,date,confidence\nazure,gpt-4o,a,5,s,2026,official\n", `x.csv:2:16: step: only the tier ptu-N has PTUs`},
		{"too many limits", "vendor,model,tier,tpm,tph,tpd,itpm,source,date,confidence\nopenai,gpt-4o,a,1,1,1,1,s,2026,official\n", `4 limits on tokens; at most 3`},
	} {
		_, err := Embedded().With("x.csv", strings.NewReader(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
	_, err := Embedded().With("x.csv", strings.NewReader(head+strings.Repeat("openai,,gpt-4o,tier-1,0,,s,2026,official,,\n", 50)))
	if n := strings.Count(err.Error(), "\n") + 1; n != maxErrors {
		t.Errorf("%d errors of 50, want %d", n, maxErrors)
	}
}

// No file makes With panic, and all that it takes can be found and simulated.
func FuzzWith(f *testing.F) {
	f.Add(head + "openai,,gpt-4o,tier-1,600,1,s,2026-11,official,,\n")
	f.Add("tier,model,vendor,minimum,step,tpm_per_ptu,output_ratio,target_tps,source,date,confidence\nptu-N,gpt-4o,azure,7,3,1000,5,100,s,d,official\n")
	f.Add("vendor,model,tier,itpm,otpm,source,date,confidence\ngemini,\"a\nb\",c,1,2,s,2026,recall\n")
	base := Embedded()
	f.Fuzz(func(t *testing.T, file string) {
		c, err := base.With("x.csv", strings.NewReader(file))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x.csv:") {
				t.Errorf("no place in %q", err)
			}
			return
		}
		for _, r := range c.List() {
			cfg, err := c.Find(strings.Replace(r.Ref, "@"+provisioned, fmt.Sprintf("@ptu-%d", r.Minimum), 1))
			if err == nil {
				err = cfg.Validate()
			}
			if err != nil {
				t.Errorf("%s: %v", r.Ref, err)
			}
		}
	})
}

// The time that a user's file takes grows with its rows, and not with their square.
func TestManyRows(t *testing.T) {
	known := Embedded()
	read := func(rows int) time.Duration {
		var file strings.Builder
		file.WriteString("vendor,model,tier,tpm,source,date,confidence\n")
		for i := range rows {
			fmt.Fprintf(&file, "openai,own-%d,tier-1,1000,me,2026,official\n", i)
		}
		begin := time.Now()
		c, err := known.With("own.csv", strings.NewReader(file.String()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Find(fmt.Sprintf("openai/own-%d@tier-1", rows-1)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Find("openai/own-0@tier-2"); err == nil {
			t.Fatal("a tier that nobody has is found")
		}
		return time.Since(begin)
	}
	// The best of some tries counts, because a busy machine makes any of them slow. When the
	// time is quadratic, many rows take 30 to 100 times as long.
	few, many := time.Hour, time.Hour
	for range 5 {
		few, many = min(few, read(4000)), min(many, read(40_000))
		if many <= 20*few {
			return
		}
	}
	t.Errorf("4,000 rows take %v and 40,000 rows %v, %.0f times as long", few, many, float64(many)/float64(few))
}

// A file of more rows than anybody needs is refused.
func TestMostRows(t *testing.T) {
	var file strings.Builder
	file.WriteString("vendor,model,tier,tpm,source,date,confidence\n")
	for i := range 100_001 {
		fmt.Fprintf(&file, "openai,own-%d,tier-1,1000,me,2026,official\n", i)
	}
	if _, err := Embedded().With("own.csv", strings.NewReader(file.String())); err == nil || err.Error() != "own.csv:100002:1: vendor: a file has at most 100000 rows" {
		t.Errorf("%v", err)
	}
}
