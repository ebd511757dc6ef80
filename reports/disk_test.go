package reports

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A fragile disk is a file system in memory. It says what a program sees, and what is left
// when the power fails: names whose folder was not synced may be lost one by one, in any
// combination, and what was written to a file and not synced may be lost or half there.
type fragile struct {
	seen    tree
	durable tree     // without what is pending
	pending []naming // of names, that no Sync has reached

	step   int // operations so far
	failAt int // the operation that fails; negative: none
	mode   mode
	what   string // the operation that failed
}

// tree is what a file system holds, by path; a nil content is a folder.
type tree map[string]*content

type content struct{ data, synced string }

// naming is what an operation does to names, and the folders whose Sync has it on the disk.
type naming struct {
	folders []string
	apply   func(tree)
}

// mode is what happens from the operation that fails on.
type mode int

const (
	once mode = iota // this operation fails
	full             // what needs room fails
	dead             // nothing works any more: the process was killed or the power failed
	modes
)

func (m mode) String() string { return [...]string{"once", "full", "dead"}[m] }

var errFragile = errors.New("the disk fails")

// fails counts an operation and reports whether it fails.
func (d *fragile) fails(what string, needsRoom bool) bool {
	n := d.step
	d.step++
	if d.failAt < 0 || n < d.failAt || n > d.failAt && d.mode == once || d.mode == full && !needsRoom {
		return false
	}
	if n == d.failAt {
		d.what = what
	}
	return true
}

// name changes names now, and on the disk when one of the folders is synced.
func (d *fragile) name(apply func(tree), folders ...string) {
	apply(d.seen)
	d.pending = append(d.pending, naming{folders, apply})
}

func failure(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

func (d *fragile) IsDir(name string) (bool, error) {
	c, ok := d.seen[name]
	switch {
	case d.fails("lstat", false):
		return false, failure("lstat", name, errFragile)
	case !ok:
		return false, failure("lstat", name, fs.ErrNotExist)
	}
	return c == nil, nil
}

func (d *fragile) Names(dir string) ([]string, error) {
	if d.fails("names", false) {
		return nil, failure("open", dir, errFragile)
	}
	if c, ok := d.seen[dir]; !ok || c != nil {
		return nil, failure("open", dir, fs.ErrNotExist)
	}
	return d.seen.names(dir), nil
}

func (t tree) names(dir string) (names []string) {
	for path := range t {
		if filepath.Dir(path) == dir && path != dir {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return names
}

func (d *fragile) Mkdir(name string) error {
	switch _, ok := d.seen[name]; {
	case d.fails("mkdir", true):
		return failure("mkdir", name, errFragile)
	case ok:
		return failure("mkdir", name, fs.ErrExist)
	}
	d.name(func(t tree) { t[name] = nil }, filepath.Dir(name))
	return nil
}

func (d *fragile) Create(name string) (writtenFile, error) {
	switch _, ok := d.seen[name]; {
	case d.fails("create", true):
		return nil, failure("open", name, errFragile)
	case ok:
		return nil, failure("open", name, fs.ErrExist)
	}
	c := &content{}
	d.name(func(t tree) { t[name] = c }, filepath.Dir(name))
	return &fragileFile{d, c}, nil
}

func (d *fragile) Rename(from, to string) error {
	switch _, ok := d.seen[from]; {
	case d.fails("rename", false):
		return failure("rename", from, errFragile)
	case !ok:
		return failure("rename", from, fs.ErrNotExist)
	}
	d.name(func(t tree) {
		for path, c := range maps.Clone(t) {
			if rest, ok := strings.CutPrefix(path, from); ok && (rest == "" || rest[0] == '/') {
				delete(t, path)
				t[to+rest] = c
			}
		}
	}, filepath.Dir(from), filepath.Dir(to))
	return nil
}

func (d *fragile) Remove(name string) error {
	switch _, ok := d.seen[name]; {
	case d.fails("remove", false):
		return failure("remove", name, errFragile)
	case !ok:
		return failure("remove", name, fs.ErrNotExist)
	case len(d.seen.names(name)) > 0:
		return failure("remove", name, errors.New("not empty"))
	}
	d.name(func(t tree) { delete(t, name) }, filepath.Dir(name))
	return nil
}

func (d *fragile) Sync(dir string) {
	if d.fails("sync folder", false) {
		return
	}
	d.pending = slices.DeleteFunc(d.pending, func(c naming) bool {
		reached := slices.Contains(c.folders, dir)
		if reached {
			c.apply(d.durable)
		}
		return reached
	})
}

type fragileFile struct {
	d *fragile
	c *content
}

// Write writes half where it fails.
func (f *fragileFile) Write(b []byte) (int, error) {
	n := len(b)
	var err error
	if f.d.fails("write", true) {
		n, err = n/2, errFragile
		if f.d.mode == dead {
			n = 0
		}
	}
	f.c.data += string(b[:n])
	return n, err
}

func (f *fragileFile) Sync() error {
	if f.d.fails("sync file", true) {
		f.spoil()
		return errFragile
	}
	f.c.synced = f.c.data
	return nil
}

func (f *fragileFile) Close() error {
	if f.d.fails("close", true) {
		f.spoil()
		return errFragile
	}
	return nil
}

// spoil loses half of what the system held back, as one that cannot write it does.
func (f *fragileFile) spoil() {
	if f.d.mode != dead {
		f.c.data = f.c.data[:len(f.c.data)/2]
		f.c.synced = f.c.data
	}
}

// copy returns a tree that shares nothing with t.
func (t tree) copy() tree {
	out := tree{}
	for path, c := range t {
		if c != nil {
			c = &content{c.data, c.synced}
		}
		out[path] = c
	}
	return out
}

// newFragile returns a disk that holds t, all of it on the disk.
func newFragile(t tree) *fragile {
	d := &fragile{seen: t.copy(), failAt: -1}
	for _, c := range d.seen {
		if c != nil {
			c.synced = c.data
		}
	}
	d.durable = maps.Clone(d.seen)
	return d
}

// afterwards returns what may be found after the power has failed, what the process saw
// first. Without cut the process was killed alone.
func (d *fragile) afterwards(cut bool) (found []tree) {
	found = []tree{d.seen.copy()}
	if !cut {
		return found
	}
	for _, kept := range subsets(len(d.pending)) {
		names := maps.Clone(d.durable)
		for i, c := range d.pending {
			if kept(i) {
				c.apply(names)
			}
		}
		for path := range names { // without the folder that it was in
			for up := filepath.Dir(path); up != "/"; up = filepath.Dir(up) {
				if c, ok := names[up]; !ok || c != nil {
					delete(names, path)
				}
			}
		}
		for _, torn := range []func(c *content) string{
			func(c *content) string { return c.synced },
			func(c *content) string { return c.data[:(len(c.synced)+len(c.data))/2] },
			func(c *content) string { return c.data },
		} {
			t := names.copy()
			for _, c := range t {
				if c != nil {
					c.data = torn(c)
				}
			}
			found = append(found, t)
		}
	}
	return found
}

// subsets returns all subsets of n changes. Of more than six it returns those that are a
// beginning, lack one or have one.
func subsets(n int) (list []func(int) bool) {
	if n <= 6 {
		for bits := range 1 << n {
			list = append(list, func(i int) bool { return bits>>i&1 == 1 })
		}
		return list
	}
	for k := range n + 1 {
		list = append(list, func(i int) bool { return i < k }, func(i int) bool { return i == k }, func(i int) bool { return i != k })
	}
	return list
}

// textOf is what a file of a set holds.
func textOf(set, name string) string { return strings.Repeat(set+" "+name+"\n", 3) }

// setNamed is a set of three files, whose result is neither the first nor the last.
func setNamed(set string) []File {
	var list []File
	for _, name := range []string{"a.csv", resultName, "z.svg"} {
		list = append(list, File{name, func(w io.Writer) error {
			for line := range strings.Lines(textOf(set, name)) {
				if _, err := io.WriteString(w, line); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	return list
}

// holds returns the name of the set that a folder holds, "" if it has no result, and what is
// wrong with it. It must hold that set and nothing else but what the writer hides.
func holds(t tree, dir string, clean bool) (set, wrong string) {
	if c := t[ResultIn(dir)]; c != nil {
		set, _, _ = strings.Cut(c.data, " ")
	}
	for _, name := range t.names(dir) {
		hidden := strings.HasPrefix(name, ".ratesim")
		switch c := t[filepath.Join(dir, name)]; {
		case clean && hidden:
			return set, name + " is left"
		case hidden, set == "":
		case c == nil || c.data != textOf(set, name):
			return set, fmt.Sprintf("%s does not belong to set %s", name, set)
		}
	}
	if set != "" && len(t.names(dir)) < 3 {
		return set, "set " + set + " lacks a file"
	}
	return set, ""
}

// beginnings are what a writer may find: no folder, an empty one, the set "old", and what
// earlier writers left behind.
func beginnings(dir string) map[string]tree {
	stage := folder{nil, dir}.stage()
	put := func(t tree, where, set string, names ...string) {
		t[where] = nil
		for _, name := range names {
			t[filepath.Join(where, name)] = &content{data: textOf(set, name)}
		}
	}
	all := map[string]tree{"nothing": {"/": nil}}
	for _, name := range []string{"empty", "old", "leftovers", "half moved"} {
		all[name] = tree{"/": nil, filepath.Dir(dir): nil, dir: nil}
	}
	put(all["old"], dir, "old", "a.csv", resultName, "z.svg")
	put(all["leftovers"], dir, "old", "a.csv", resultName, "z.svg")
	put(all["leftovers"], stage, "torn", "a.csv")
	put(all["half moved"], dir, "old", "a.csv", "z.svg")
	put(all["half moved"], filepath.Join(dir, committed), "old", "z.svg", resultName)
	return all
}

// The writer is interrupted at every step, in every way. What is found is the set before, or
// the new one, or no result and what the next writer needs; and that leaves nothing behind.
// The test finds each of these when it is taken out of dir.go: every Sync of a file or of a
// folder, every check of an error, the order of the moves, the removal of the old result and
// of what is left behind.
func TestWriteDirInterrupted(t *testing.T) {
	const dir = "/out/run"
	runs := 0
	for name, start := range beginnings(dir) {
		for m := range modes {
			for k, steps := 0, 1; k < steps+1; k++ {
				d := newFragile(start)
				d.failAt, d.mode = k, m
				err := folder{d, dir}.write(setNamed("new"))
				steps = d.step
				at := fmt.Sprintf("%s, %s at step %d (%s)", name, m, k, d.what)
				for i, found := range d.afterwards(m == dead) {
					runs++
					checkInterrupted(t, interrupted{at: fmt.Sprintf("%s, variant %d", at, i), dir: dir, before: start, found: found, err: err, cut: i > 0})
				}
				if err != nil && m == once && !slices.Contains([]string{"remove", "names"}, d.what) && d.seen[dir+"/"+committed] == nil {
					if _, is := d.seen[folder{d, dir}.stage()]; is {
						t.Errorf("%s: error %v, and the stage is left", at, err)
					}
				}
				if t.Failed() {
					return
				}
			}
		}
	}
	t.Logf("%d ends", runs)
}

// interrupted is what was found after a writer was interrupted, in a folder that held before.
type interrupted struct {
	at, dir       string
	before, found tree
	err           error // of the writer
	cut           bool  // the power failed
}

// checkInterrupted checks what was found, and what the writers after it make of it, of which
// the first is interrupted at every step as well.
func checkInterrupted(t *testing.T, i interrupted) {
	t.Helper()
	had := ""
	for _, c := range i.before {
		if c != nil && strings.HasPrefix(c.data, "old ") {
			had = "old"
		}
	}
	set, wrong := holds(i.found, i.dir, i.err == nil && !i.cut)
	if wrong != "" || i.err == nil && set != "new" || i.err != nil && set != "new" && set != "" && set != had {
		t.Errorf("%s: error %v, the folder holds set %q: %s", i.at, i.err, set, wrong)
		return
	}
	again := func(what string, start tree, failAt int) *fragile {
		d := newFragile(start)
		d.failAt, d.mode = failAt, dead
		_, err := folder{d, i.dir}.create()
		if failAt < 0 {
			got, wrong := holds(d.seen, i.dir, true)
			if err != nil || wrong != "" || got != "new" && got != had || set == "new" && got != "new" {
				t.Errorf("%s: the next MakeDir%s: error %v, the folder held set %q, holds set %q: %s", i.at, what, err, set, got, wrong)
			}
			if err := (folder{d, i.dir}).write(setNamed("third")); err != nil {
				t.Errorf("%s: the next WriteDir%s: %v", i.at, what, err)
			} else if got, wrong := holds(d.seen, i.dir, true); got != "third" || wrong != "" {
				t.Errorf("%s: the next WriteDir%s leaves set %q: %s", i.at, what, got, wrong)
			}
		}
		return d
	}
	again("", i.found, -1)
	if testing.Short() {
		return
	}
	for k, steps := 0, 1; k < steps && !t.Failed(); k++ {
		d := again("", i.found, k)
		steps = d.step
		for _, found := range d.afterwards(true) {
			if _, wrong := holds(found, i.dir, false); wrong != "" {
				t.Errorf("%s: MakeDir interrupted at step %d: %s", i.at, k, wrong)
			}
			again(fmt.Sprintf(" after one that was interrupted at step %d", k), found, -1)
		}
	}
}
