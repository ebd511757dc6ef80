package wire

import "hash/maphash"

// Prefix is a place in a prompt, named by all that comes before it.
type Prefix struct {
	Hash  uint64
	Bytes int  // of the prompt that come before
	Write bool // the request marks it to be put into a cache
}

// The places that Prefixes finds beside those that requests mark: one every block bytes, and
// after so many blocks one every two blocks, and so on, so that long prompts have few. A
// token has about four bytes, and OpenAI's caches keep steps of 128 tokens.
const (
	block        = 512
	blocks       = 64
	mostPrefixes = 1024
)

// Prefixes returns the places in the prompt of a request up to which another prompt may be
// the same, in their order, and how many bytes the prompt has; body is valid JSON. Prompts
// begin with the tools, then come the system prompt and the messages, whatever the order in
// the body. Places are also where a message or a part of one ends. With marks, requests say
// themselves what is put into the cache, with cache_control or cachePoint.
// Hashes of different seeds have nothing in common.
func Prefixes(body []byte, seed maphash.Seed, marks bool) (list []Prefix, bytes int) {
	order := [...]string{"tools", "toolConfig", "system", "instructions", "systemInstruction", "messages", "contents", "input"}
	var values [len(order)][]byte
	automatic := false
	c := cursor{body}
	c.fields(func(key []byte) {
		v := c.skip()
		automatic = automatic || string(key) == "cache_control" && string(v) != "null"
		for i, name := range order {
			if string(key) == name {
				values[i] = v
			}
		}
	})
	w := prefixer{marks: marks, step: block, next: block}
	w.hash.SetSeed(seed)
	for i, v := range values {
		if v != nil {
			w.write([]byte(order[i]))
			w.cursor = cursor{v}
			w.value(true)
		}
	}
	w.mark(!marks || automatic)
	return w.list, w.at
}

// prefixer walks through a prompt.
type prefixer struct {
	cursor
	hash  maphash.Hash
	marks bool
	list  []Prefix
	at    int
	step  int // between two places
	next  int // where the next place is
	took  int // places since the step was made longer
}

// write adds to what comes before.
func (w *prefixer) write(b []byte) {
	for len(b) > 0 {
		n := min(len(b), w.next-w.at)
		_, _ = w.hash.Write(b[:n]) // a hash takes all that is written
		b = b[n:]
		if w.at += n; w.at < w.next {
			continue
		}
		w.mark(!w.marks)
		if w.took++; w.took == blocks {
			w.took, w.step = 0, 2*w.step
		}
		w.next += w.step
	}
}

// mark notes the place up to which all has been written.
func (w *prefixer) mark(write bool) {
	last := len(w.list) - 1
	switch {
	case last >= 0 && w.list[last].Bytes == w.at:
		w.list[last].Write = w.list[last].Write || write
	case len(w.list) < mostPrefixes || write && w.marks:
		w.list = append(w.list, Prefix{w.hash.Sum64() | 1, w.at, write})
	}
}

// value walks through a value. One that is an element of a list ends at a place.
func (w *prefixer) value(element bool) {
	switch w.peek() {
	case '{':
		marked := false
		w.fields(func(key []byte) {
			if s := string(key); s == "cache_control" || s == "cachePoint" {
				marked = string(w.skip()) != "null"
				return
			}
			w.write(key)
			w.value(false)
		})
		if marked || element {
			w.mark(marked || !w.marks)
		}
	case '[':
		w.elements(func() { w.value(true) })
	default:
		w.write(w.skip())
	}
}
