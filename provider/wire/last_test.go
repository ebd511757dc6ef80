package wire

import "testing"

func TestLast(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"messages":[{"role":"user","content":"a"},{"content":[{"type":"text","text":"b\n"},{"type":"text","text":"é"}],"role":"user"}],"model":"m"}`, "b\né"},
		{`{"input":"one \"text\""}`, `one "text"`},
		{`{"input":[{"role":"user","content":"a"},{"type":"function_call_output","output":"x"},{"role":"user","content":"c"}]}`, "c"},
		{`{"input":["a","b"]}`, "b"},
		{`{"contents":[{"parts":[{"text":"g"}]}],"generationConfig":{}}`, "g"},
		{`{"messages":[]}`, ""},
		{`{"model":"m"}`, ""},
		{`[]`, ""},
	} {
		if got := Last([]byte(tt.body)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.body, got, tt.want)
		}
	}
}
