package strategies

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A deque is a slice, searched for what leaves it.
func TestDequeAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q deque
		var twin []*Call
		for range rapid.IntRange(1, 400).Draw(t, "length") {
			switch op := rapid.IntRange(0, 5).Draw(t, "op"); {
			case op <= 1:
				c := new(Call)
				q.pushBack(c)
				twin = append(twin, c)
			case op == 2:
				c := new(Call)
				q.pushFront(c)
				twin = slices.Insert(twin, 0, c)
			case op == 3 && len(twin) > 0:
				i := rapid.IntRange(0, len(twin)-1).Draw(t, "which")
				q.remove(twin[i])
				twin = slices.Delete(twin, i, i+1)
			default:
				var want *Call
				if len(twin) > 0 {
					want, twin = twin[0], twin[1:]
				}
				if got := q.pop(); got != want {
					t.Fatalf("popped %p, want %p", got, want)
				}
			}
			if q.n != len(twin) {
				t.Fatalf("%d calls, want %d", q.n, len(twin))
			}
		}
	})
}

// Calls that leave do not pile up behind a first that stays.
func TestDequeMemory(t *testing.T) {
	var q deque
	var first, c Call
	q.pushBack(&first)
	for range 100_000 {
		q.pushBack(&c)
		q.remove(&c)
	}
	if len(q.calls) > 16 {
		t.Errorf("room for %d calls, of which one waits", len(q.calls))
	}
}
