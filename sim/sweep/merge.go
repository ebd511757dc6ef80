package sweep

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"ratesim/sim/sweep/cells"
)

// Merged is a sweep whose cells have been looked through. Its order is that of the scenario's
// name and then of the values on the axes, numbers by size, whatever was run where and when.
type Merged struct {
	Axes  []string // the paths of all cells, sorted
	Cells int

	store *cells.Store
	order []place
}

// place is where a cell stands in the order.
type place struct {
	hash, name string
	axes       []cells.Setting
}

// maxNamed is how many cells that do not belong there an error names.
const maxNamed = 20

// MergeError names the objects that do not belong into a merge.
type MergeError struct {
	Bad  []string // why, one each, at most twenty
	More int      // how many others there are
}

func (e *MergeError) Error() string {
	text := "nothing was merged:"
	for _, b := range e.Bad {
		text += "\n" + b
	}
	if e.More > 0 {
		text += fmt.Sprintf("\nand %d others", e.More)
	}
	return text
}

// Merge looks through all cells of a store. It refuses, by a *MergeError, cells of another
// version of the program than engine, and objects that are half-written or are not what
// their name says.
func Merge(ctx context.Context, store *cells.Store, engine string) (*Merged, error) {
	names, err := store.List(ctx, false)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there are no cells to merge; run 'ratesim sweep FILE --to' with the same place first")
	}
	m := &Merged{store: store, Cells: len(names)}
	bad := &MergeError{}
	for _, name := range names {
		c, err := store.Get(ctx, name)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && c.Identity.Engine != engine {
			err = fmt.Errorf("%s (%s) was run by ratesim %s, and this is %s; merge with that version, or remove the cell and run the sweep again", name, c.Title(), c.Identity.Engine, engine)
		}
		if err != nil {
			if len(bad.Bad) < maxNamed {
				bad.Bad = append(bad.Bad, err.Error())
			} else {
				bad.More++
			}
			continue
		}
		m.order = append(m.order, place{name, c.Name, c.Axes})
		for _, s := range c.Axes {
			if i, found := slices.BinarySearch(m.Axes, s.Path); !found {
				m.Axes = slices.Insert(m.Axes, i, s.Path)
			}
		}
	}
	if bad.Bad != nil {
		return nil, bad
	}
	slices.SortFunc(m.order, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.name, b.name), slices.CompareFunc(a.axes, b.axes, compareSettings), cmp.Compare(a.hash, b.hash))
	})
	return m, nil
}

// compareSettings orders values of one path by size where both are numbers of one unit.
func compareSettings(a, b cells.Setting) int {
	x, xu, okX := number(a.Value)
	y, yu, okY := number(b.Value)
	if a.Path == b.Path && okX && okY && xu == yu {
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Value, b.Value))
	}
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Value, b.Value))
}

// Each calls do with every cell, in order, holding one at a time.
func (m *Merged) Each(ctx context.Context, do func(*cells.Cell) error) error {
	for _, p := range m.order {
		c, err := m.store.Get(ctx, p.hash)
		if err == nil {
			err = do(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// values are a cell's on all axes of the merge; empty where it is on none of them.
func (m *Merged) values(c *cells.Cell) []string {
	out := make([]string, len(m.Axes))
	for _, s := range c.Axes {
		if i, found := slices.BinarySearch(m.Axes, s.Path); found {
			out[i] = s.Value
		}
	}
	return out
}
