package metrics

import (
	"encoding/json"
)

// joined merges objects into one, in order; empty ones are left out.
func joined(objects ...[]byte) []byte {
	out := []byte{'{'}
	for _, o := range objects {
		if inner := o[1 : len(o)-1]; len(inner) > 0 {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(out, inner...)
		}
	}
	return append(out, '}')
}

// parts marshals each of its arguments to an object and joins them.
func parts(vs ...any) ([]byte, error) {
	var objects [][]byte
	for _, v := range vs {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		objects = append(objects, b)
	}
	return joined(objects...), nil
}

type named struct {
	Name string `json:"name"` // of the tenant or the size
}

// divided is what a Strategy has beside its own metrics.
type divided struct {
	Tenants []Group `json:"tenants,omitempty"` // the metrics of each tenant, where there are several
	Sizes   []Group `json:"sizes,omitempty"`   // the metrics of each third of the calls by the length of the prompt
	Curves  *Curves `json:"curves,omitempty"`  // what the pictures are drawn from
	Bill    []Usage `json:"bill,omitempty"`    // what the replications used at each price, added up
}

// MarshalJSON implements json.Marshaler.
func (g Group) MarshalJSON() ([]byte, error) { return parts(named{g.Name}, &g.Values) }

// UnmarshalJSON implements json.Unmarshaler.
func (g *Group) UnmarshalJSON(b []byte) error {
	var n named
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	g.Name = n.Name
	return json.Unmarshal(b, &g.Values)
}

// MarshalJSON implements json.Marshaler.
func (s Strategy) MarshalJSON() ([]byte, error) {
	return parts(s.Group, divided{s.Tenants, s.Sizes, s.Curves, s.Bill})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Strategy) UnmarshalJSON(b []byte) error {
	var d divided
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	s.Tenants, s.Sizes, s.Curves, s.Bill = d.Tenants, d.Sizes, d.Curves, d.Bill
	return json.Unmarshal(b, &s.Group)
}
