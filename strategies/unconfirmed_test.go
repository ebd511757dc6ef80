package strategies

import (
	"testing"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// TestUnconfirmed: against a map of all attempts that have neither a reply nor the age.
func TestUnconfirmed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const patience = 10
		var tr unconfirmed
		now := clock.Time(0)
		number := rapid.Uint32().Draw(t, "first number")
		open := map[uint32]clock.Time{}
		var sent []uint32
		sentAt := map[uint32]clock.Time{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += clock.Time(rapid.IntRange(0, 4).Draw(t, "later"))
			since := now - clock.Time(rapid.IntRange(0, 15).Draw(t, "since"))
			wantAll, wantLately := 0, 0
			for n, at := range open {
				if at <= now-patience {
					delete(open, n)
					wantAll++
					if at >= since {
						wantLately++
					}
				}
			}
			if all, lately := tr.expire(now-patience, since); all != wantAll || lately != wantLately {
				t.Fatalf("%d expired, %d of them lately, want %d and %d", all, lately, wantAll, wantLately)
			}
			if len(sent) > 0 && rapid.Bool().Draw(t, "reply") {
				n := rapid.SampledFrom(sent).Draw(t, "of")
				_, want := open[n]
				if was := tr.open; tr.answer(n, sentAt[n]) != want && was > 0 {
					t.Fatalf("attempt %d: %v, want %v", n, !want, want)
				}
				delete(open, n)
				for i, m := range sent {
					if m == n { // an attempt has one reply
						sent = append(sent[:i], sent[i+1:]...)
						break
					}
				}
			} else {
				number++
				tr.send(now, number)
				open[number], sentAt[number] = now, now
				sent = append(sent, number)
			}
			oldest := clock.Never
			for _, at := range open {
				oldest = min(oldest, at)
			}
			if tr.open != len(open) || tr.open > 0 && tr.oldest() != oldest {
				t.Fatalf("%d are open, want %d", tr.open, len(open))
			}
		}
	})
}

// TestUnconfirmedWraps: the reply to an attempt that is older than 65,536 others is not taken
// for that of the younger one whose number ends alike, and the younger one's own counts once.
func TestUnconfirmedWraps(t *testing.T) {
	var tr unconfirmed
	tr.send(7, 70_000)
	if tr.answer(70_000, 3) || tr.open != 1 {
		t.Errorf("the reply to an attempt sent at 3 is that of one sent at 7; %d are open", tr.open)
	}
	tr.send(7, 70_001)
	if !tr.answer(70_001, 7) || tr.answer(70_001, 7) || tr.open != 1 {
		t.Errorf("%d are open, want 1: a reply counts once", tr.open)
	}
}
