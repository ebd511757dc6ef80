package wire

import (
	"fmt"
	"hash/maphash"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shared returns the bytes of the last place that two prompts have in common.
func shared(a, b []Prefix) int {
	for i := len(b) - 1; i >= 0; i-- {
		for _, p := range a {
			if p.Hash == b[i].Hash && p.Bytes == b[i].Bytes {
				return p.Bytes
			}
		}
	}
	return 0
}

// Prompts that begin alike share the places up to where they differ, and none beyond.
func TestPrefixes(t *testing.T) {
	seed := maphash.MakeSeed()
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string {
			return strings.Repeat(rapid.SampledFrom([]string{"ab", "xyz ", "é"}).Draw(t, name), rapid.IntRange(0, 3000).Draw(t, name+" size"))
		}
		begin, one, other := text("begin"), text("one"), text("other")
		body := func(end string) []byte {
			return fmt.Appendf(nil, `{"messages":[{"role":"user","content":%q}],"model":"m"}`, begin+end)
		}
		a, bytes := Prefixes(body("1"+one), seed, false)
		b, _ := Prefixes(body("2"+other), seed, false)
		same := len(fmt.Sprintf(`messagesroleusercontent%q`, begin)) + len(`"user"`) - len("user") - 1
		got := shared(a, b)
		if got > same {
			t.Fatalf("%d bytes are shared, and %d are the same", got, same)
		}
		if limit := blocks * block; same < limit && same-got >= block {
			t.Fatalf("%d bytes are shared of %d that are the same", got, same)
		}
		if last := a[len(a)-1]; last.Bytes != bytes || !last.Write {
			t.Fatalf("%+v is not the end, %d", last, bytes)
		}
	})
}

// The order of the fields in a body does not matter, nor does a mark.
func TestPrefixesInOrder(t *testing.T) {
	seed := maphash.MakeSeed()
	long := strings.Repeat("x", 2000)
	a, _ := Prefixes(fmt.Appendf(nil, `{"messages":[{"content":"hi"}],"system":[{"text":%q,"cache_control":{"type":"ephemeral"}}]}`, long), seed, true)
	b, _ := Prefixes(fmt.Appendf(nil, `{"system":[{"text":%q}],"messages":[{"content":"ho"}]}`, long), seed, true)
	if got := shared(a, b); got < 2000 {
		t.Errorf("%d bytes are shared", got)
	}
	marked := 0
	for _, p := range a {
		if p.Write {
			marked++
		}
	}
	for _, p := range b {
		if p.Write {
			t.Errorf("%+v is not marked", p)
		}
	}
	if marked != 1 {
		t.Errorf("%d places are marked", marked)
	}
	if list, _ := Prefixes(fmt.Appendf(nil, `{"input":%q}`, strings.Repeat("y", 8<<20)), seed, false); len(list) > mostPrefixes {
		t.Errorf("%d places", len(list))
	}
}
