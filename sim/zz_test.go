package sim

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

func BenchmarkZZ(b *testing.B) {
	all := metrics.Part{}
	k := []kind{paired("ratio of tts p95", func(s *metrics.Sample, a, b int) stats.Interval {
		return stats.LogQuantileRatio(s.Quantile(a, all, metrics.TimeToSuccessP95, level), s.Quantile(b, all, metrics.TimeToSuccessP95, level))
	})}
	for _, sc := range []string{"launch-day", "outage"} {
		p := newPool(b, sc, 1000)
		for _, n := range []int{10, 20, 40} {
			held := p.coverage(k, n, 200)[0]
			least, who, median := worst(held)
			low := 0
			for _, h := range held {
				if h < 91 {
					low++
				}
			}
			w := 0.0
			cnt := 0
			for seed := range 50 {
				s := p.draw(rand.New(rand.NewPCG(uint64(seed), uint64(n))), n)
				for _, i := range k[0].of(s) {
					if d := i.Hi - i.Lo; d < 100 {
						w += d
						cnt++
					}
				}
			}
			fmt.Fprintf(os.Stderr, "%s R=%d least %.0f (%s) median %.0f below91 %d of %d meanwidth %.3f\n", sc, n, least, who, median, low, len(held), w/float64(cnt))
		}
	}
}
