package catalog

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
)

// A reference may name a model by the id that clients send.
func TestFindByID(t *testing.T) {
	known := Embedded()
	for _, tt := range []struct{ id, want string }{
		{"openai/gpt-4o-2024-11-20@tier-1", "openai/gpt-4o@tier-1"},
		{"openai:2026-11/gpt-5-2025-08-07@tier-1", "openai:2026-11/gpt-5@tier-1"},
		{"azure/gpt-4o-2024-08-06@ptu-100", "azure/gpt-4o@ptu-100"},
		{"anthropic/claude-sonnet-4-5@start", "anthropic/claude-sonnet-4.5@start"},
		{"anthropic/claude-sonnet-4-5-20250929@start", "anthropic/claude-sonnet-4.5@start"},
		{"bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0@200k", "bedrock/claude-sonnet-4.5@200k"},
		{"gemini/gemini-2.5-flash-preview-09-2025@free", "gemini/gemini-2.5-flash@free"},
	} {
		got, err := known.Find(tt.id)
		if err != nil {
			t.Error(err)
			continue
		}
		want, err := known.Find(tt.want)
		if err != nil {
			t.Fatal(err)
		}
		got.Ref, want.Ref = "", ""
		if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.id, diff)
		}
		if !known.Same(tt.id, tt.want) {
			t.Errorf("%s is not the same as %s", tt.id, tt.want)
		}
	}
}

// No two models of a vendor have one key: an id means one of them.
func TestModelsApart(t *testing.T) {
	known := Embedded()
	models := map[[2]string]string{}
	for _, row := range known.List() {
		c := &row.Config
		key := [2]string{c.Vendor, known.names().Key(c.Vendor, c.Model)}
		if other, ok := models[key]; ok && other != c.Model {
			t.Errorf("%s and %s of %s are both %s", other, c.Model, c.Vendor, key[1])
		}
		models[key] = c.Model
	}
	if _, err := known.Find("openai/gpt-9-2024-08-06@tier-1"); err == nil {
		t.Error("found a model that there is not")
	}
	var none provider.Config
	if got, _ := known.Find("nobody/gpt-4o-2024-08-06@tier-1"); got.Vendor != none.Vendor {
		t.Errorf("found %+v", got)
	}
}
