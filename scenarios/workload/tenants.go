package workload

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Tenants returns the distinct tenants of the streams, in order of first
// mention. Arrival.Tenant is an index into it.
func Tenants(streams []Stream) []string {
	var names []string
	for i := range streams {
		for _, name := range streams[i].Tenants() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Tenants returns whose the stream's calls are: its tenant, and behind it those of the rows or
// of the copies of its trace.
func (s *Stream) Tenants() []string {
	names := []string{s.Tenant}
	a := &s.Arrivals
	switch {
	case a.Process != Trace:
	case a.Tenants == LogTenants:
		names = append(names, s.Logged...)
	case a.Tenants == CopyTenants:
		for i := range int(math.Ceil(cmp.Or(a.Scale, 1))) - 1 {
			names = append(names, copyTenant(s.Tenant, i+1))
		}
	}
	return names
}

// copyTenant names the tenant of a copy of a trace.
func copyTenant(name string, number int) string {
	if number == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, number+1)
}
