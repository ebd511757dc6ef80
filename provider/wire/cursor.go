package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// cursor walks through JSON that is known to be valid, without copying it.
type cursor struct{ rest []byte }

// peek returns the first byte of what comes next.
func (c *cursor) peek() byte {
	for {
		switch c.rest[0] {
		case ' ', '\t', '\r', '\n':
			c.rest = c.rest[1:]
		default:
			return c.rest[0]
		}
	}
}

// open steps into the object or list that comes next.
func (c *cursor) open() {
	c.peek()
	c.rest = c.rest[1:]
}

// more reports whether another element comes, and steps out of the object or
// list if none does.
func (c *cursor) more() bool {
	switch c.peek() {
	case '}', ']':
		c.rest = c.rest[1:]
		return false
	case ',':
		c.rest = c.rest[1:]
	}
	return true
}

// key steps over the key of a field.
func (c *cursor) key() []byte {
	key := unquoted(c.skip())
	c.peek()
	c.rest = c.rest[1:] // the colon
	return key
}

// skip steps over a value and returns it as it stands.
func (c *cursor) skip() []byte {
	c.peek()
	start, depth, i := c.rest, 0, 0
	for ; i < len(start); i++ {
		switch start[i] {
		case '"':
			i = closing(start, i+1)
			if depth == 0 {
				c.rest = start[i+1:]
				return start[:i+1]
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				c.rest = start[i+1:]
				return start[:i+1]
			}
			if depth < 0 { // a bare word, and the end of what it stands in
				c.rest = start[i:]
				return start[:i]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				c.rest = start[i:]
				return start[:i]
			}
		}
	}
	c.rest = nil
	return start
}

// fields calls do for each field of an object, which has to step over its value;
// other values have none.
func (c *cursor) fields(do func(key []byte)) {
	if c.peek() != '{' {
		c.skip()
		return
	}
	for c.open(); c.more(); {
		do(c.key())
	}
}

// number steps over a value and returns it; 0 if it is no number.
func (c *cursor) number() float64 {
	v := c.skip()
	if v[0] != '-' && (v[0] < '0' || v[0] > '9') {
		return 0
	}
	n, _ := strconv.ParseFloat(string(v), 64) // valid; out of range it is the largest
	return n
}

// elements calls do for each element of a list, and returns how many there are;
// other values have none.
func (c *cursor) elements(do func()) int {
	if c.peek() != '[' {
		c.skip()
		return 0
	}
	n := 0
	for c.open(); c.more(); n++ {
		do()
	}
	return n
}

// unquoted returns what a string says.
func unquoted(s []byte) []byte {
	if bytes.IndexByte(s, '\\') < 0 {
		return s[1 : len(s)-1]
	}
	var v string
	_ = json.Unmarshal(s, &v) // valid, as all here is
	return []byte(v)
}
