// Package names tells which model a client means by the id that it sends.
//
// Vendors give one model many ids: aliases, dated snapshots, ids of clouds, and names
// with the prefix of a gateway. The table in data/ids.csv has such ids with the model
// that each means, as the catalog names models; data/sources.csv says where each row
// was read, when, and how far to trust it. Ids that the table lacks are read by rules,
// for vendors write all their ids alike: see rules.go.
package names

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

//go:embed data
var data embed.FS

// A Source is where a row was read.
type Source struct {
	Where string
	Date  string
	// Confidence is official (the vendor's text), secondary (someone's summary) or
	// observed (on the wire).
	Confidence string
}

// An ID is one row of the table.
type ID struct {
	Vendor string // the vendor, cloud or gateway whose id it is
	ID     string
	Model  string // as the catalog names it
	Kind   string // snapshot, alias, foundation model, and so on
	// InReplies says that replies name the model so, where it has several ids.
	InReplies bool
	Source    Source
	Note      string
}

// Table is what is known of ids. It does not change.
type Table struct {
	ids      []ID
	byVendor map[[2]string]string // vendor and id, to the model
	byID     map[string]string    // of any vendor, the first
	replies  map[[2]string]string // vendor and model, to the id that replies have
	marked   map[[2]string]bool   // vendor and model, of which a row says so
}

// Embedded returns the table that is part of the program.
func Embedded() *Table {
	t, err := read()
	if err != nil {
		panic("model names: " + err.Error()) // the files are part of the program; a test reads them all
	}
	return t
}

// IDs returns all rows.
func (t *Table) IDs() []ID { return t.ids }

func read() (*Table, error) {
	sources, err := rows("data/sources.csv", "key,source,date,confidence")
	if err != nil {
		return nil, err
	}
	known := map[string]Source{}
	for _, row := range sources {
		known[row[0]] = Source{row[1], row[2], row[3]}
	}
	ids, err := rows("data/ids.csv", "vendor,id,model,kind,source,in_replies,note")
	if err != nil {
		return nil, err
	}
	t := &Table{byVendor: map[[2]string]string{}, byID: map[string]string{}, replies: map[[2]string]string{}, marked: map[[2]string]bool{}}
	for i, row := range ids {
		source, ok := known[row[4]]
		if !ok {
			return nil, fmt.Errorf("data/ids.csv:%d: unknown source %q", i+2, row[4])
		}
		if err := t.add(ID{row[0], row[1], row[2], row[3], row[5] == "yes", source, row[6]}); err != nil {
			return nil, fmt.Errorf("data/ids.csv:%d: %w", i+2, err)
		}
	}
	for i := range t.ids {
		t.reply(&t.ids[i])
	}
	return t, nil
}

// rows reads a file whose first line must be columns.
func rows(name, columns string) ([][]string, error) {
	content, err := data.ReadFile(name)
	if err != nil {
		return nil, err
	}
	list, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(list) == 0 || !slices.Equal(list[0], strings.Split(columns, ",")) {
		return nil, fmt.Errorf("%s: want the first line to be %s", name, columns)
	}
	return list[1:], nil
}

func (t *Table) add(id ID) error {
	of := [2]string{id.Vendor, id.ID}
	if model, twice := t.byVendor[of]; twice && model != id.Model {
		return fmt.Errorf("%s of %s means %s and %s", id.ID, id.Vendor, model, id.Model)
	}
	t.ids = append(t.ids, id)
	t.byVendor[of] = id.Model
	if _, known := t.byID[id.ID]; !known {
		t.byID[id.ID] = id.Model
	}
	return nil
}

// reply notes the id by which replies name a model: that of the row that says so, else
// the first with a date, else the first. Regions and gateways in front are left out.
func (t *Table) reply(id *ID) {
	of, name := [2]string{id.Vendor, id.Model}, Bare(id.ID)
	before, known := t.replies[of]
	if t.marked[of] || known && !id.InReplies && (dated(before) || !dated(name)) {
		return
	}
	t.replies[of], t.marked[of] = name, id.InReplies
}

// Key returns a name of the model that a client of a vendor means by id. Two ids of a
// vendor mean the same model if their keys are the same. The key is the catalog's name
// of the model where the table has the id, and may be shorter than any name otherwise.
func (t *Table) Key(vendor, id string) string {
	key := id
	for range mostSteps {
		next := t.step(vendor, key)
		if next == key {
			break
		}
		key = next
	}
	return key
}

// step looks an id up, or applies the first rule that changes it.
func (t *Table) step(vendor, id string) string {
	if model, ok := t.byVendor[[2]string{vendor, id}]; ok && model != id {
		return model
	}
	if model, ok := t.byID[id]; ok && model != id {
		return model
	}
	return simpler(id)
}

// Snapshot returns how replies name the snapshot that answers to a client of the first
// vendor that has named id: as the first of the vendors does of which that is known.
func (t *Table) Snapshot(id string, vendors []string) string {
	name := Bare(id)
	if dated(name) {
		return name
	}
	key := t.Key(vendors[0], id)
	for _, vendor := range vendors {
		if found, ok := t.replies[[2]string{vendor, key}]; ok {
			return found
		}
	}
	return name
}
