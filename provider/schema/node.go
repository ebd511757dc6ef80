package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// kind is a kind of JSON value.
type kind uint8

const (
	other kind = iota // null
	boolean
	number
	text
	array
	object
)

// node is a JSON value whose fields keep their order, in which models answer.
type node struct {
	kind   kind
	text   string // a text, or what is neither array nor object as it is written
	items  []*node
	fields []field
}

type field struct {
	key   string
	value *node
}

// get returns the value of a key, nil without one; of several the last, as in all readers of
// JSON.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := len(n.fields) - 1; i >= 0; i-- {
		if n.fields[i].key == key {
			return n.fields[i].value
		}
	}
	return nil
}

// is reports whether n is a text that says s, or a list with one.
func (n *node) is(s string) bool {
	if n.kind == array {
		return slices.ContainsFunc(n.items, func(i *node) bool { return i.is(s) })
	}
	return n.kind == text && n.text == s
}

// without returns n less some keys.
func (n *node) without(keys ...string) *node {
	if !slices.ContainsFunc(n.fields, func(f field) bool { return slices.Contains(keys, f.key) }) {
		return n
	}
	c := &node{kind: object}
	for _, f := range n.fields {
		if !slices.Contains(keys, f.key) {
			c.fields = append(c.fields, f)
		}
	}
	return c
}

func read(data []byte) (*node, error) {
	if !json.Valid(data) {
		return nil, errors.New("is no JSON")
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	return readNode(d)
}

// readNode reads a value of valid JSON.
func readNode(d *json.Decoder) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case bool:
		return &node{kind: boolean, text: strconv.FormatBool(t)}, nil
	case json.Number:
		if !plain(string(t)) {
			return nil, fmt.Errorf("%.40s is a number that no value needs", t)
		}
		return &node{kind: number, text: string(t)}, nil
	case string:
		return &node{kind: text, text: t}, nil
	case json.Delim:
		return readMany(d, t)
	}
	return &node{text: "null"}, nil
}

func readMany(d *json.Decoder, open json.Delim) (*node, error) {
	n := &node{kind: array}
	if open == '{' {
		n.kind = object
	}
	for d.More() {
		key := ""
		if n.kind == object {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, _ = t.(string) // as keys are
		}
		v, err := readNode(d)
		if err != nil {
			return nil, err
		}
		if n.kind == object {
			n.fields = append(n.fields, field{key, v})
		} else {
			n.items = append(n.items, v)
		}
	}
	_, err := d.Token() // the end
	return n, err
}

// plain reports whether a number can be worked with exactly in little memory: it is short
// and its exponent is that of a float. That of 0 may be anything, and so may that of what a
// float rounds to 0.
func plain(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && len(s) <= 64 && (f != 0 || !strings.ContainsAny(s, "eE"))
}

// rat returns the number of a node; nil if it is none.
func (n *node) rat() *big.Rat {
	if n == nil || n.kind != number {
		return nil
	}
	v, _ := new(big.Rat).SetString(n.text) // plain, as all here are
	return v
}

// count returns a count, at most more than any value has; false if it is none.
func (n *node) count() (int, bool) {
	v := n.rat()
	if v == nil || !v.IsInt() || v.Sign() < 0 {
		return 0, false
	}
	if !v.Num().IsInt64() {
		return mostValue + 1, true
	}
	return int(min(v.Num().Int64(), mostValue+1)), true
}

// append appends n in JSON.
func (n *node) append(b []byte) []byte {
	switch n.kind {
	case text:
		return appendText(b, n.text)
	case array:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.append(b)
		}
		return append(b, ']')
	case object:
		b = append(b, '{')
		for i, f := range n.fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = f.value.append(append(appendText(b, f.key), ':'))
		}
		return append(b, '}')
	}
	return append(b, n.text...)
}

func appendText(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // cannot fail: a string
	return append(b, quoted...)
}
