package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"ratesim/sim/stats"
)

// Estimate is the value of a metric over all replications together with its 95 %
// confidence interval. With one replication Lo and Hi equal Mean. The name Mean is
// that of the first schema; of shares and quantiles it is the pooled value. Hi
// may be +Inf, of a time that may never be reached, which is null in JSON.
type Estimate struct {
	Mean, Lo, Hi float64
}

// estimateOf returns an interval as an estimate; nil where there is no value, or none
// that was reached.
func estimateOf(i stats.Interval) *Estimate {
	switch {
	case math.IsNaN(i.Value) || math.IsInf(i.Value, 0):
		return nil
	case math.IsNaN(i.Lo) || math.IsNaN(i.Hi):
		return &Estimate{i.Value, i.Value, i.Value}
	}
	return &Estimate{i.Value, i.Lo, i.Hi}
}

type estimateJSON struct {
	Mean float64  `json:"mean"` // the value of all replications together
	Lo   float64  `json:"lo"`   // lower end of the 95 % interval
	Hi   *float64 `json:"hi"`   // upper end; null where none is known
}

// MarshalJSON implements json.Marshaler.
func (e Estimate) MarshalJSON() ([]byte, error) {
	out := estimateJSON{Mean: e.Mean, Lo: e.Lo}
	if !math.IsInf(e.Hi, 1) {
		out.Hi = &e.Hi
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *Estimate) UnmarshalJSON(b []byte) error {
	var in estimateJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*e = Estimate{in.Mean, in.Lo, math.Inf(1)}
	if in.Hi != nil {
		e.Hi = *in.Hi
	}
	return nil
}

// Values are the metrics of a strategy, or of one of its groups of calls, by ID; nil
// is one that does not apply. In JSON they are an object with the metrics' names,
// of which failures.deadline is deadline in the object failures.
type Values [NumMetrics]*Estimate

// MarshalJSON implements json.Marshaler.
func (v *Values) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	open, first := "", true // the object within the object that is being written
	comma := func() {
		if !first {
			b.WriteByte(',')
		}
		first = false
	}
	for id, m := range Metrics() {
		if v[id] == nil {
			continue
		}
		within, name, nested := strings.Cut(m.Name, ".")
		if !nested {
			within, name = "", m.Name
		}
		if within != open {
			if open != "" {
				b.WriteByte('}')
				first = false
			}
			if open = within; open != "" {
				comma()
				fmt.Fprintf(&b, "%q:{", open)
				first = true
			}
		}
		comma()
		value, err := json.Marshal(v[id])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		fmt.Fprintf(&b, "%q:%s", name, value)
	}
	if open != "" {
		b.WriteByte('}')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler. Names of no metric are left out.
func (v *Values) UnmarshalJSON(b []byte) error {
	objects := map[string]map[string]json.RawMessage{"": {}}
	if err := json.Unmarshal(b, new(map[string]json.RawMessage)); err != nil {
		return err
	}
	top := objects[""]
	if err := json.Unmarshal(b, &top); err != nil {
		return err
	}
	*v = Values{}
	for id, m := range Metrics() {
		within, name, nested := strings.Cut(m.Name, ".")
		if !nested {
			within, name = "", m.Name
		}
		object, read := objects[within]
		if !read {
			object = map[string]json.RawMessage{}
			if raw, ok := top[within]; ok {
				if err := json.Unmarshal(raw, &object); err != nil {
					return fmt.Errorf("%s: %w", within, err)
				}
			}
			objects[within] = object
		}
		if raw, ok := object[name]; ok && string(raw) != "null" {
			v[id] = new(Estimate)
			if err := json.Unmarshal(raw, v[id]); err != nil {
				return fmt.Errorf("%s: %w", m.Name, err)
			}
		}
	}
	return nil
}
