package scenarios

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A File is the text of a scenario that is read again and again, under changing
// Options.
type File struct {
	name string // for messages
	data []byte
	log  bool // it is the neutral ground of a log
	root *node
}

// Open returns the file of a scenario, which is named as for [Load]. What is wrong with
// its content is reported when it is read.
func Open(nameOrPath string, stdin io.Reader) (*File, error) {
	data, err := readScenario(nameOrPath, stdin)
	if err != nil {
		return nil, err
	}
	return newFile(nameOf(nameOrPath), data), nil
}

// OpenTraffic returns the neutral ground on which a log is replayed. It is read with
// Options.Trace.
func OpenTraffic() (*File, error) {
	data, err := readTraffic()
	if err != nil {
		return nil, err
	}
	f := newFile("traffic", data)
	f.log = true
	return f, nil
}

func newFile(name string, data []byte) *File {
	return &File{name: name, data: data, root: parseTree(name, data, &problems{})}
}

// Read reads the scenario under opt, as [Parse].
func (f *File) Read(opt Options) (*Spec, error) {
	d, _, err := f.read(opt)
	if err != nil {
		return nil, err
	}
	return d.spec, nil
}

func (f *File) read(opt Options) (*decoder, *node, error) {
	name := f.name
	if f.log {
		name, opt.traffic = opt.Trace, true
	}
	return parse(name, f.data, opt, nil)
}

// YAML returns the scenario as it is under opt, as a file of its own. Comments are left
// out. What [File.Read] refuses is refused.
func (f *File) YAML(opt Options) ([]byte, error) {
	d, root, err := f.read(opt)
	if err != nil {
		return nil, err
	}
	d.spec.prune(root)
	var b strings.Builder
	root.block(&b, 0)
	return []byte(b.String()), nil
}

// prune takes out of the tree what is of strategies that are not selected.
func (s *Spec) prune(root *node) {
	if lines := root.get("expect"); lines != nil {
		lines.items = slices.DeleteFunc(lines.items, func(n *node) bool {
			return !slices.ContainsFunc(s.Expect, func(e Expectation) bool { return e.Text == n.text })
		})
		if len(lines.items) == 0 {
			root.drop("expect")
		}
	}
	if s.Baseline == "" {
		root.drop("baseline")
	}
}

// Get returns what the file has at a path, as it would be written in one line; empty
// if it has nothing. Items of lists go by their index.
func (f *File) Get(path string) string {
	n := f.root
	for key := range strings.SplitSeq(path, ".") {
		switch {
		case n == nil:
			return ""
		case n.kind == list:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(n.items) {
				return ""
			}
			n = n.items[i]
		default:
			n = n.get(key)
		}
	}
	if n == nil {
		return ""
	}
	return n.flow()
}

// lineWidth is how long a list or a mapping may be in one line.
const lineWidth = 100

// block writes a mapping or a list, one item a line, those that are short in one.
func (n *node) block(b *strings.Builder, indent int) {
	pad := strings.Repeat("  ", indent)
	for _, e := range n.keys {
		b.WriteString(pad + quoted(e.key, 0) + ":")
		e.value.rest(b, indent, indent == 0 && e.key != "strategies")
	}
	for _, item := range n.items {
		if item.short() {
			b.WriteString(pad + "- " + item.flow() + "\n")
			continue
		}
		var inner strings.Builder
		item.block(&inner, indent+1)
		b.WriteString(pad + "- " + strings.TrimPrefix(inner.String(), pad+"  "))
	}
}

// rest writes the value of a key. Lists at the top have a line for each item, for they
// are what people edit.
func (n *node) rest(b *strings.Builder, indent int, top bool) {
	if n.short() && !(top && n.kind == list && len(n.items) > 0) {
		b.WriteString(" " + n.flow() + "\n")
		return
	}
	b.WriteString("\n")
	n.block(b, indent+1)
}

// short reports whether n fits into a line.
func (n *node) short() bool {
	return n.kind == scalar || n.kind == null || len(n.keys)+len(n.items) == 0 || len(n.flow()) <= lineWidth && n.depth() <= 2
}

// depth is how deep mappings and lists are nested in n.
func (n *node) depth() int {
	if n.kind != mapping && n.kind != list {
		return 0
	}
	most := 0
	for _, e := range n.keys {
		most = max(most, e.value.depth())
	}
	for _, item := range n.items {
		most = max(most, item.depth())
	}
	return most + 1
}

// flow returns n in one line.
func (n *node) flow() string {
	var parts []string
	switch n.kind {
	case scalar:
		return quoted(n.text, n.lead)
	case mapping:
		for _, e := range n.keys {
			parts = append(parts, quoted(e.key, 0)+": "+e.value.flow())
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case list:
		for _, item := range n.items {
			parts = append(parts, item.flow())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return ""
}

// quoted returns a scalar as YAML has it: in quotes where they were before, and where it
// would mean something else without.
func quoted(s string, lead int) string {
	if lead == 0 && unquoted(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// unquoted reports whether YAML reads s as the text s, in one line with others too.
func unquoted(s string) bool {
	if s == "" || strings.TrimSpace(s) != s || s == "null" || s == "~" || strings.Contains(s, ": ") || strings.HasSuffix(s, ":") || strings.Contains(s, " #") {
		return false
	}
	if strings.ContainsAny(s[:1], "-?:,[]{}#&*!|>'\"%@`=<") && !(s[0] == '-' && len(s) > 1 && s[1] != ' ') {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune("[]{},\"'`\\", r) })
}
