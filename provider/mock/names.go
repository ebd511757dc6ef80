package mock

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"ratesim/provider/names"
	"ratesim/provider/wire"
)

// naming finds the deployment that a request means by the model it names.
type naming struct {
	table   *names.Table
	keys    []string // of the deployments' models
	replies [][]byte // how replies name the deployments' models, in JSON
	limited []string // how refusals by limits name them
	listed  []string // how lists of models name them

	mu       sync.Mutex
	unserved map[string]int64 // requests by the name of a model that nothing serves
}

// mostUnserved is how many names are told apart; requests with others count as those
// with the name "other names".
const mostUnserved = 100

func newNaming(deployments []Deployment, dialects []*wire.Dialect) *naming {
	n := &naming{table: names.Embedded(), unserved: map[string]int64{}}
	for i := range deployments {
		d, dialect := &deployments[i], dialects[i]
		vendor, model := d.Config.Vendor, d.Config.Model
		key, reply := n.table.Key(vendor, model), n.reply(dialect, model)
		listed := [...]string{wire.ByModel: model, wire.ByReply: reply, wire.ByKey: key}[dialect.Listed]
		if n.table.Key(vendor, d.Name) == key {
			reply = n.reply(dialect, d.Name) // it may be that of another snapshot
		}
		n.keys, n.replies, n.listed = append(n.keys, key), append(n.replies, quoted(reply)), append(n.listed, listed)
		n.limited = append(n.limited, [...]string{wire.ByModel: model, wire.ByReply: reply, wire.ByKey: key}[dialect.Refusals])
	}
	return n
}

// reply returns how a vendor's replies name the model that a request has named id.
func (n *naming) reply(d *wire.Dialect, id string) string {
	switch {
	case d.Snapshots != nil:
		return n.table.Snapshot(id, d.Snapshots)
	case d.Bare:
		return names.Bare(id)
	}
	return id
}

// deployment returns the index of the deployment that a request of form f means by
// name, -1 without one, and how the reply names the model, in JSON.
//
// In this order, it is the deployment of that name or alias, that of the very model,
// one of the same model by another id of it, and with Config.AnyModel the first.
func (s *Server) deployment(f *form, name string) (i int, reply []byte) {
	of, first := -1, -1
	for i := range s.c.Deployments {
		d := &s.c.Deployments[i]
		if !f.speaks(d.Config.Vendor) {
			continue
		}
		if d.Name == name || d.Name == s.c.Aliases[name] {
			return i, s.naming.replies[i]
		}
		if of < 0 && d.Config.Model == name {
			of = i
		}
		if first < 0 {
			first = i
		}
	}
	if of >= 0 {
		return of, s.naming.replies[of]
	}
	for i := range s.c.Deployments {
		vendor := s.c.Deployments[i].Config.Vendor
		if f.speaks(vendor) && s.naming.table.Key(vendor, name) == s.naming.keys[i] {
			return i, quoted(s.naming.reply(s.dialects[i], name))
		}
	}
	if s.c.AnyModel && first >= 0 {
		return first, quoted(name)
	}
	return -1, nil
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s) // cannot fail: a string
	return b
}

// advice says what the operator can do about a name that nothing serves.
func (s *Server) advice(f *form, name string) string {
	var served []string
	for i := range s.c.Deployments {
		if d := &s.c.Deployments[i]; f.speaks(d.Config.Vendor) && !slices.Contains(served, d.Name) {
			served = append(served, d.Name)
		}
	}
	if served == nil {
		return fmt.Sprintf("(ratesim serves no model at this address; start it with a --provider of %s.)", strings.Join(f.vendors, ", "))
	}
	return fmt.Sprintf("(ratesim serves %s here. To serve this name too, start it with --alias '%s=%s'; --any-model serves all names.)",
		strings.Join(served, ", "), name, served[0])
}

// failUnserved answers a request for a model that nothing serves, as the vendor does.
// Nobody is told of it who grades clients: the mistake is in the setting of the test.
func (e *exchange) failUnserved(name string) {
	n := e.s.naming
	name = strings.Clone(shortened(name))
	n.mu.Lock()
	if _, known := n.unserved[name]; !known && len(n.unserved) >= mostUnserved {
		n.unserved["other names"]++
	} else {
		n.unserved[name]++
	}
	n.mu.Unlock()
	e.answer.Unserved = name
	e.turnAway(http.StatusNotFound, e.s.advice(e.f, name))
}

// Unserved returns how many requests named models that nothing serves, by the name.
func (s *Server) Unserved() map[string]int64 {
	s.naming.mu.Lock()
	defer s.naming.mu.Unlock()
	return maps.Clone(s.naming.unserved)
}
