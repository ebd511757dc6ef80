package strategies_test

import (
	"math"
	"testing"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/queue"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// row is the model of contention of "Exponential Backoff And Jitter" (AWS
// Architecture Blog, 2015; aws-samples/aws-arch-backoff-simulator): clients read
// the version of one row and write it back once; a write succeeds if the version
// is still the same. Each message takes |N(10, 2)| ms. A client whose write fails
// backs off and reads again.
type row struct {
	backoff strategies.Backoff
	draws   rng.Sequence
	key     rng.Key
	events  queue.Queue
	clients []writer
	version uint32
	writes  int
}

type writer struct {
	call strategies.Call
	read uint32 // the version it has read
	at   uint8  // what the event of it that is due is
}

const (
	reads uint8 = iota
	hasRead
	wantsToWrite
	failed
	done
)

// network returns |N(10, 2)| ms.
func (r *row) network() time.Duration {
	u, v := 1-r.draws.Float64(), r.draws.Float64() // Box and Muller
	return time.Duration(math.Abs(10+2*math.Sqrt(-2*math.Log(u))*math.Cos(2*math.Pi*v)) * float64(time.Millisecond))
}

// run returns when the last client is done, in ms, and how many writes were tried.
func (r *row) run() (ms, writes float64) {
	for i := range r.clients {
		r.clients[i].call.ID = uint64(i)
		r.after(0, i, reads, r.network())
	}
	now := clock.Time(0)
	for {
		e, ok := r.events.Pop()
		if !ok {
			return 1000 * now.Seconds(), float64(r.writes)
		}
		now = e.At
		i := int(e.Data)
		w := &r.clients[i]
		switch w.at {
		case reads:
			w.read = r.version
			r.after(now, i, hasRead, r.network())
		case hasRead:
			r.after(now, i, wantsToWrite, r.network())
		case wantsToWrite:
			r.writes++
			if w.read == r.version {
				r.version++
				r.after(now, i, done, r.network())
				break
			}
			r.after(now, i, failed, r.network())
		case failed:
			w.call.Sent++
			wait := r.backoff.Delay(r.key, &w.call, int(w.call.Sent)-1)
			r.after(now, i, reads, r.network()+wait)
		}
	}
}

func (r *row) after(now clock.Time, client int, what uint8, d time.Duration) {
	r.clients[client].at = what
	r.events.Push(now.Add(d), uint64(client))
}

// TestContention repeats the published figures: the mean, over runs, of when the
// last client is done, and of the writes.
func TestContention(t *testing.T) {
	const ms = time.Millisecond
	// The simulator's first backoff is min(cap, base * 2^1), its base being 5 ms.
	exponential := func(j strategies.Jitter) strategies.Backoff {
		return strategies.Backoff{Base: 10 * ms, Max: 2000 * ms, Factor: 2, Jitter: j}
	}
	for _, tt := range []struct {
		name    string
		backoff strategies.Backoff
		want    [4][2]float64 // ms and writes of 10, 50, 100 and 190 clients
	}{
		{"none", strategies.Backoff{}, [4][2]float64{{382, 50}, {1132, 687}, {2027, 2421}, {3538, 7997}}},
		{"exponential", exponential(strategies.Jitter{}), [4][2]float64{{3590, 51}, {36237, 624}, {62862, 1853}, {101357, 5186}}},
		{"equal", exponential(strategies.Jitter{Kind: strategies.Equal}), [4][2]float64{{732, 42}, {4303, 347}, {6658, 812}, {9487, 1759}}},
		{"full", exponential(strategies.Jitter{Kind: strategies.Full}), [4][2]float64{{465, 38}, {2922, 332}, {4879, 797}, {7427, 1771}}},
		{"decorrelated", strategies.Backoff{Base: 5 * ms, Max: 2000 * ms, Jitter: strategies.Jitter{Kind: strategies.Decorrelated}},
			[4][2]float64{{434, 37}, {2164, 376}, {4530, 1002}, {7887, 2441}}},
	} {
		for i, clients := range []int{10, 50, 100, 190} {
			runs := max(25, 2000/clients) // published: 100
			var time, writes float64
			for n := range runs {
				key := rng.New(1, n)
				r := row{backoff: tt.backoff, key: key, draws: key.Sequence(rng.NetworkOut), clients: make([]writer, clients)}
				t, w := r.run()
				time, writes = time+t/float64(runs), writes+w/float64(runs)
			}
			want := tt.want[i]
			if math.Abs(time/want[0]-1) > 0.05 || math.Abs(writes/want[1]-1) > 0.05 {
				t.Errorf("%s, %d clients: %.0f ms and %.0f writes, published %.0f and %.0f", tt.name, clients, time, writes, want[0], want[1])
			}
		}
	}
}
