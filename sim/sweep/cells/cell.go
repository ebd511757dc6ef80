// Package cells stores the results of a sweep, one object a cell, in a directory or a
// bucket.
//
// The name of an object is the hash of what the cell is ([Identity]): so what is there need
// not be run again, and two machines that run the same cell write the same bytes under the
// same name. An object is one JSON document compressed by zstandard with its checksum, so one
// that was cut off is not taken for a whole one. It holds every run with all its counts and
// histograms, but not what a run did over time, so that merged results are computed from the
// runs themselves.
package cells

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"

	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// Schema names the layout of objects. It is a part of what a cell is.
const Schema = "ratesim/cell/v1"

// Identity is all that the result of a cell depends on.
type Identity struct {
	Schema       string
	Engine       string   // the version of the program
	Scenario     string   // SHA-256 of the scenario, written canonically before it is changed
	Catalog      string   // SHA-256 of the catalog in use; empty = that of the program
	Traces       []string // SHA-256 of the logs that it names, in order
	Provider     string   // in the place of its first deployment; empty = its own
	Strategies   []string // in the place of its own; nil = its own
	Set          []string // path=value, sorted
	Seed         uint64
	Replications int
}

// Hash returns the hexadecimal hash of what the cell is, 32 characters.
func (id *Identity) Hash() string {
	b, _ := json.Marshal(id) // cannot fail: strings and integers
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Setting is where a cell is on one axis.
type Setting struct{ Path, Value string }

// Cell is a cell that was run.
type Cell struct {
	Identity Identity
	Name     string    // of the scenario
	Axes     []Setting // in order of their paths
	Judge    verdict.Options
	Outcomes []metrics.Outcome // all replications of each strategy
}

// Title names a cell by its place on the axes: fleet.instances=4, seed=2.
func (c *Cell) Title() string { return Title(c.Axes) }

// Title names a place on the axes; "the only cell" where there are none.
func Title(axes []Setting) string {
	var parts []string
	for _, s := range axes {
		parts = append(parts, s.Path+"="+s.Value)
	}
	if parts == nil {
		return "the only cell"
	}
	return strings.Join(parts, ", ")
}

// Codec encodes and decodes cells. It may be used from several goroutines at a time.
type Codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewCodec returns a Codec.
func NewCodec() (*Codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(1<<30))
	return &Codec{enc, dec}, err
}

// Encode returns the bytes of a cell, which depend on nothing but the cell.
func (k *Codec) Encode(c *Cell) ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return k.enc.EncodeAll(b, nil), nil
}

// Decode reads a cell. It fails where bytes are missing or wrong, and where the cell is
// not what its name, a [Identity.Hash], says.
func (k *Codec) Decode(name string, data []byte) (*Cell, error) {
	text, err := k.dec.DecodeAll(data, nil)
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("it is empty")
	}
	var c Cell
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return nil, fmt.Errorf("is half-written or damaged (%w); remove it and run the sweep again", err)
	}
	if got := c.Identity.Hash(); got != name {
		return nil, fmt.Errorf("holds the cell %s, not the one of its name; remove it and run the sweep again", got)
	}
	return &c, nil
}
