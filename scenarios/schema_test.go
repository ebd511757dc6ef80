package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ratesim/provider/catalog"
)

// compiled returns the schema as a validator that knows nothing of ours sees it.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(Schema())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files returns every scenario and claim of the program, and the documented whole.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	list := map[string][]byte{}
	for _, folder := range []string{"library", "claims", "testdata"} {
		paths, err := filepath.Glob(folder + "/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			list[p] = data
		}
	}
	if len(list) < 28 {
		t.Fatalf("%d files", len(list))
	}
	return list
}

// value reads YAML as an editor does.
func value(t testing.TB, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSchemaAllowsEveryScenario(t *testing.T) {
	schema := compiled(t)
	for file, data := range files(t) {
		if err := schema.Validate(value(t, data)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// misspelt calls use with v under each of its keys misspelt in turn, except below the
// keys in free, which hold names of the user's. Of mappings with the same keys at the
// same place it tries one.
func misspelt(v any, path string, free []string, seen map[string]bool, use func(path string)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			misspelt(item, path+"[]", free, seen, use)
		}
	case map[string]any:
		keys := sortedKeys(v)
		form := path + strings.Join(keys, ",")
		known := seen[form]
		seen[form] = true
		for _, key := range keys {
			if known {
				if !slices.Contains(free, key) {
					misspelt(v[key], path+"."+key, free, seen, use)
				}
				continue
			}
			value := v[key]
			delete(v, key)
			v[key+"x"] = value
			use(path + "." + key)
			delete(v, key+"x")
			v[key] = value
			if !slices.Contains(free, key) {
				misspelt(value, path+"."+key, free, seen, use)
			}
		}
	}
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// What the parser refuses of misspelt keys, the schema refuses, too.
func TestSchemaRefusesMisspeltKeys(t *testing.T) {
	schema := compiled(t)
	tried, seen, known := 0, map[string]bool{}, catalog.Embedded()
	for file, data := range files(t) {
		doc := value(t, data)
		misspelt(doc, "", []string{"set", "weights"}, seen, func(path string) {
			text, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			_, err = Parse(file, text, Options{Catalog: known})
			if _, ok := errors.AsType[Errors](err); !ok {
				t.Errorf("%s: %s misspelt: the parser says %v", file, path, err)
			}
			again, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if schema.Validate(again) == nil {
				t.Errorf("%s: %s misspelt: the schema allows it", file, path)
			}
		})
	}
	if tried < 200 {
		t.Errorf("%d keys were tried", tried)
	}
}

// Every key has a description, and every description has a key.
func TestSchemaDescribesEveryKey(t *testing.T) {
	text, err := json.Marshal(Schema())
	if err != nil {
		t.Fatal(err)
	}
	for path, said := range about {
		if quoted, _ := json.Marshal(said); !bytes.Contains(text, quoted) {
			t.Errorf("%s: there is no such key", path)
		}
	}
	var walk func(s *shape, path string)
	walk = func(s *shape, path string) {
		if s == nil {
			return
		}
		for key, p := range s.Properties {
			if p.Description == "" && p.Ref == "" && !strings.HasPrefix(path, "use: ") {
				t.Errorf("%s.%s has no description", path, key)
			}
			walk(p, path+"."+key)
		}
		for _, list := range [][]*shape{s.AnyOf, s.AllOf, {s.Items, s.Then}} {
			for _, sub := range list {
				walk(sub, path)
			}
		}
	}
	root := Schema().(*shape)
	walk(root, "")
	for key, s := range root.Definitions {
		if s.Description == "" {
			t.Errorf("%s has no description", key)
		}
	}
}

// The schema refuses values that the parser refuses: of each kind one.
func TestSchemaRefusesValues(t *testing.T) {
	schema := compiled(t)
	const whole = `
name: x
duration: 1m
fleet: {instances: 2, assign: hash, skew: 0.5, timeout: 30s}
workload:
  - {arrivals: {process: poisson, rate: 1/s}, prompt_tokens: {dist: lognormal, p50: 1, p95: 2}, output_tokens: 5, cached: 20%, estimate: exact}
deployments: [{name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 100}, charge: {settle: true}, phase: first-request}]
faults: [{kind: errors, rate: 1%}]
strategies: [jitter, {name: mine, use: jitter, max_retries: 2, base: 1s, jitter: full}]
slo: [success_rate>=99%]
`
	if err := schema.Validate(value(t, []byte(whole))); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"duration: 1m", "duration: 60"},
		{"duration: 1m", "duration: 1 minute"},
		{"instances: 2", "instances: 0"},
		{"instances: 2", "instances: 2.5"},
		{"instances: 2", "instances: many"},
		{"assign: hash", "assign: hsah"},
		{"skew: 0.5", "skew: 11"},
		{"rate: 1/s", "rate: 1"},
		{"rate: 1/s", "rate: 1/d"},
		{"process: poisson", "process: poison"},
		{"dist: lognormal", "dist: lognorm"},
		{"p50: 1", "p50: 0"},
		{"output_tokens: 5", "output_tokens: some"},
		{"cached: 20%", "cached: 2"},
		{"estimate: exact", "estimate: exactly"},
		{"openai/gpt-4o@tier-1", "gpt-4o"},
		{"rpm: 100", "rpm: 0"},
		{"settle: true", "settle: maybe"},
		{"phase: first-request", "phase: last-request"},
		{"kind: errors", "kind: error"},
		{"[jitter,", "[jiter,"},
		{"use: jitter", "use: jiter"},
		{"max_retries: 2", "max_retries: -1"},
		{"base: 1s", "base: 1"},
		{"jitter: full", "jitter: fuller"},
		{"success_rate>=99%", "success_rate 99%"},
		{"strategies: [", "strategies: []\nx: ["},
	} {
		text := strings.Replace(whole, change[0], change[1], 1)
		if _, err := Parse("x", []byte(text), Options{}); err == nil {
			t.Errorf("%s: the parser allows it", change[1])
		}
		if schema.Validate(value(t, []byte(text))) == nil {
			t.Errorf("%s: the schema allows it", change[1])
		}
	}
}
