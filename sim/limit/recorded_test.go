package limit

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"testing"

	"ratesim/sim/clock"
)

// TestLogAgainstRecordedRefusals replays 1,500 requests of which a real limiter
// refused some: N accepted requests per client in 60 s, refused ones do not
// count (Sheng et al., arXiv 2401.00588, artefact results). The real run's
// clock jittered, so single requests differ and only the totals are held.
func TestLogAgainstRecordedRefusals(t *testing.T) {
	const file = "../../../shared/data/lmsys_arena_vtc_rpm.csv"
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here", file)
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1501 {
		t.Fatalf("%d rows, want a header and 1500", len(rows))
	}
	for _, k := range []struct{ n, want, tolerance int }{{5, 919, 0}, {15, 447, 1}, {30, 176, 1}} {
		clients := map[string]*Log{}
		refused := 0
		for _, row := range rows[1:] {
			at, err := strconv.ParseFloat(row[0], 64)
			if err != nil {
				t.Fatal(err)
			}
			l := clients[row[1]]
			if l == nil {
				l = NewLog(int64(k.n), Window)
				clients[row[1]] = l
			}
			if now := clock.FromSeconds(at); l.Earliest(now, 1) == now {
				l.Take(now, 1)
			} else {
				refused++
			}
		}
		if diff := refused - k.want; diff > k.tolerance || diff < -k.tolerance {
			t.Errorf("N=%d: %d refused, want %d within %d", k.n, refused, k.want, k.tolerance)
		}
	}
}
