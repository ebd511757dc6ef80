package presets

import (
	"testing"

	"ratesim/strategies"
)

// TestPlacesRoom: of a herd of twenty, which never goes, the first leaves each time
// another comes. Those that left take no more room than those that wait.
func TestPlacesRoom(t *testing.T) {
	const herd, more = 20, 10_000
	p := newPlaces(100)
	for id := range herd + more {
		p.add(0, &strategies.Call{ID: uint64(id)})
		if id < herd {
			continue
		}
		first, _ := p.next(0)
		if c := p.at(first).call; c.ID != uint64(id-herd) {
			t.Fatalf("call %d is first, want %d", c.ID, id-herd)
		}
		p.remove(first)
	}
	if room := cap(p.slots[0].calls); room > 4*herd {
		t.Errorf("%d calls have room for %d", herd, room)
	}
}
