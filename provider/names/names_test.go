package names

import (
	"slices"
	"strings"
	"testing"
)

// Every row means its model, and has a source, a date and a confidence. Without the
// table, the rules alone read nine ids of ten in the same way, so that they can be
// trusted with ids that are newer than the table.
func TestAllRows(t *testing.T) {
	table, rulesAlone := Embedded(), &Table{}
	if n := len(table.IDs()); n != 632 {
		t.Errorf("%d ids, want 632", n)
	}
	agree := 0
	for _, id := range table.IDs() {
		if got, want := table.Key(id.Vendor, id.ID), table.Key(id.Vendor, id.Model); got != want {
			t.Errorf("%s of %s: %q, want %q", id.ID, id.Vendor, got, want)
		}
		if rulesAlone.Key(id.Vendor, id.ID) == rulesAlone.Key(id.Vendor, id.Model) {
			agree++
		}
		if named := []string{"openai", "azure", "anthropic"}; slices.Contains(named, id.Vendor) && table.Key(id.Vendor, id.Model) != id.Model {
			t.Errorf("%s of %s: Reply does not find the model %q", id.ID, id.Vendor, id.Model)
		}
		s := id.Source
		if id.Vendor == "" || id.Kind == "" || s.Where == "" || s.Date == "" || !slices.Contains([]string{"official", "secondary", "observed"}, s.Confidence) {
			t.Errorf("%s: %+v", id.ID, id)
		}
	}
	if agree < 569 {
		t.Errorf("the rules read %d ids as the table does, want 569", agree)
	}
}

// Models that have one key are one model, or were named with a date by one source and
// without it by another.
func TestKeysAreApart(t *testing.T) {
	table := Embedded()
	models := map[string][]string{}
	for _, id := range table.IDs() {
		key := table.Key(id.Vendor, id.Model)
		if !slices.Contains(models[key], id.Model) {
			models[key] = append(models[key], id.Model)
		}
	}
	same := map[string]bool{"claude-sonnet-3.5": true, "deepseek-flash": true, "gemini-3-flash": true, "gemini-3-pro": true, "gemini-3.1-pro": true}
	for key, list := range models {
		if len(list) == 1 || same[key] {
			continue
		}
		for _, model := range list {
			suffix, ok := strings.CutPrefix(model, key)
			if !ok || strings.Trim(suffix, "-v0123456789") != "" {
				t.Errorf("%q is the key of %v", key, list)
			}
		}
	}
}

// What vendors and clouds write, copied from their pages and from clients.
func TestKey(t *testing.T) {
	table := Embedded()
	for _, tt := range []struct{ vendor, id, want string }{
		{"openai", "gpt-4o", "gpt-4o"},
		{"openai", "gpt-4o-2024-08-06", "gpt-4o"},
		{"openai", "openai/gpt-4o", "gpt-4o"},
		{"openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"},
		{"openai", "gpt-9-2027-01-31", "gpt-9"}, // newer than the table
		{"openai", "ft:gpt-4o-mini-2024-07-18:org::abc123", "gpt-4o-mini"},
		{"openai", "text-embedding-3-small", "text-embedding-3-small"},
		{"anthropic", "claude-sonnet-4.5", "claude-sonnet-4.5"},
		{"anthropic", "claude-sonnet-4-5", "claude-sonnet-4.5"},
		{"anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4.5"},
		{"anthropic", "claude-3-5-haiku-latest", "claude-haiku-3.5"},
		{"anthropic", "claude-sonnet-4-0", "claude-sonnet-4"},
		{"anthropic", "claude-sonnet-9-1-20280101", "claude-sonnet-9.1"},
		{"bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4.5"},
		{"bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4.5"},
		{"bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4.5"},
		{"vertex", "claude-sonnet-4-5@20250929", "claude-sonnet-4.5"},
		{"gemini", "models/gemini-2.5-flash", "gemini-2.5-flash"},
		{"gemini", "gemini-3-pro-preview", "gemini-3-pro"},
		{"azure", "gpt-35-turbo", "gpt-3.5-turbo"},
		{"groq", "openai/gpt-oss-120b", "gpt-oss-120b"},
		{"openrouter", "z-ai/glm-4.6:exacto", "glm-4.6"},
		{"", "", ""},
		{"openai", "a/", "a/"},
	} {
		if got := table.Key(tt.vendor, tt.id); got != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.id, tt.vendor, got, tt.want)
		}
	}
}

// The snapshots behind aliases, from the model pages of OpenAI and Anthropic.
func TestSnapshot(t *testing.T) {
	table := Embedded()
	openAI, azure := []string{"openai", "azure"}, []string{"azure", "openai"}
	for _, tt := range []struct {
		vendors  []string
		id, want string
	}{
		{openAI, "gpt-4o", "gpt-4o-2024-08-06"},
		{openAI, "gpt-4o-2024-11-20", "gpt-4o-2024-11-20"},
		{openAI, "gpt-5", "gpt-5-2025-08-07"},
		{openAI, "gpt-6-astra", "gpt-6-astra"}, // of which no snapshot is known
		{azure, "gpt-4o", "gpt-4o-2024-08-06"},
		{azure, "gpt-4o-mini", "gpt-4o-mini-2024-07-18"},
		{[]string{"anthropic"}, "claude-sonnet-4.5", "claude-sonnet-4-5-20250929"},
		{[]string{"anthropic"}, "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"},
		{[]string{"anthropic"}, "claude-sonnet-4", "claude-sonnet-4-20250514"},
		{[]string{"anthropic"}, "claude-opus-4.6", "claude-opus-4-6"}, // since then names have no date
		{openAI, "my own", "my own"},
	} {
		if got := table.Snapshot(tt.id, tt.vendors); got != tt.want {
			t.Errorf("%s of %v: %q, want %q", tt.id, tt.vendors, got, tt.want)
		}
	}
}

// A client can send anything.
func FuzzKey(f *testing.F) {
	table := Embedded()
	for _, id := range []string{"gpt-4o", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "ft:::", "a/b/c", "claude-3-5-sonnet@latest-maas:free"} {
		f.Add("openai", id)
	}
	f.Fuzz(func(t *testing.T, vendor, id string) {
		key := table.Key(vendor, id)
		if len(key) > len(id)+32 || (key == "") != (id == "") {
			t.Errorf("%q of %q: %q", id, vendor, key)
		}
		table.Snapshot(id, []string{vendor})
	})
}

func BenchmarkEmbedded(b *testing.B) {
	for b.Loop() {
		Embedded()
	}
}

func BenchmarkKey(b *testing.B) {
	table := Embedded()
	for b.Loop() {
		table.Key("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
	}
}
