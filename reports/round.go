package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// rounded is a result of any kind, which is copied and rounded when it is encoded, and not
// before: see [JSON].
type rounded struct{ result any }

// asSaved returns a result as it is read back from a saved one. Documents are made of
// that, so that any report can be made again from result.json, byte for byte: a page
// places its marks by more digits than a table shows.
func asSaved[T any](result T) T { return round(reflect.ValueOf(result)).Interface().(T) }

// MarshalJSON implements json.Marshaler.
func (r rounded) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(round(reflect.ValueOf(r.result)).Interface())
	if err != nil {
		return nil, fmt.Errorf("encoding the result: %w", err)
	}
	return b, nil
}

// round returns a copy of v in which every float has 6 significant digits. Estimates,
// numbers behind pointers, curves and paired differences that are not finite are left
// out. Where JSON always has a list, an empty one is [] and not null.
func round(v reflect.Value) reflect.Value {
	switch x := v.Interface().(type) {
	case *metrics.Estimate:
		return reflect.ValueOf(roundEstimate(x))
	case *float64:
		if x == nil || !words.Finite(*x) {
			return reflect.Zero(v.Type())
		}
	case []float64:
		if !words.Finite(x...) {
			return reflect.Zero(v.Type())
		}
	case *metrics.Curves:
		if x == nil || !words.Finite(x.Width) {
			return reflect.Zero(v.Type())
		}
	case []metrics.Paired:
		v = reflect.ValueOf(slices.DeleteFunc(slices.Clone(x), func(p metrics.Paired) bool { return !words.Finite(p.Mean, p.Lo, p.Hi) }))
	case metrics.Values:
		return reflect.ValueOf(roundValues(x))
	}
	switch v.Kind() {
	case reflect.Float64:
		return reflect.ValueOf(words.Round6(v.Float()))
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(round(v.Elem()))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(round(v.Index(i)))
		}
		return out
	case reflect.Struct:
		return roundStruct(v)
	}
	return v
}

func roundStruct(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		f := out.Field(i)
		f.Set(round(v.Field(i)))
		tag := field.Tag.Get("json")
		if f.Kind() == reflect.Slice && f.IsNil() && tag != "" && !strings.Contains(tag, ",omit") {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	return out
}

func roundEstimate(e *metrics.Estimate) *metrics.Estimate {
	if !words.Known(e) {
		return nil
	}
	return &metrics.Estimate{Mean: words.Round6(e.Mean), Lo: words.Round6(e.Lo), Hi: words.Round6(e.Hi)}
}

// roundValues rounds the metrics of a group of calls. Counts stay as they are: they
// have been rounded so that they add up.
func roundValues(v metrics.Values) metrics.Values {
	for id, m := range metrics.Metrics() {
		e := roundEstimate(v[id])
		if e != nil && m.AddsUp {
			e.Mean = v[id].Mean
		}
		v[id] = e
	}
	return v
}

// A Delta is a difference with its 95 % interval, whose ends are infinite where a time
// may never be reached; in JSON they are null then.
type Delta struct{ Mean, Lo, Hi float64 }

// MarshalJSON implements json.Marshaler.
func (d Delta) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Mean float64  `json:"mean"`
		Lo   *float64 `json:"lo"`
		Hi   *float64 `json:"hi"`
	}{d.Mean, unlessInfinite(d.Lo), unlessInfinite(d.Hi)})
}

func unlessInfinite(v float64) *float64 {
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}
