package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

func main() {
	seeds, _ := strconv.Atoi(os.Args[2])
	reps, _ := strconv.Atoi(os.Args[3])
	for seed := 1; seed <= seeds; seed++ {
		spec, err := scenarios.Load(os.Args[1], nil, scenarios.Options{})
		if err != nil {
			panic(err)
		}
		t := time.Now()
		r, err := sim.Compare(context.Background(), spec, sim.Options{Seed: uint64(seed), Replications: reps})
		if err != nil {
			panic(err)
		}
		v := r.Verdict
		fmt.Printf("seed %d reps %d %s %s  %.1fs", seed, r.Replications, v.State, strings.Join(v.Chosen, ","), time.Since(t).Seconds())
		for _, p := range v.Possible {
			e := p.Difference
			if e == nil {
				e = p.Ratio
			}
			if e != nil {
				fmt.Printf("  [%s %s/%s %.2f..%.2f]", p.Metric, p.Against, p.By, e.Lo, e.Hi)
			}
		}
		fmt.Println()
		if seeds == 1 {
			for _, s := range r.Strategies {
				f := func(id metrics.ID) string {
					e := s.Values[id]
					if e == nil {
						return "-"
					}
					return fmt.Sprintf("%.4g (%.4g..%.4g)", e.Mean, e.Lo, e.Hi)
				}
				fmt.Println(s.Name, "fail", f(metrics.FailedPer1000), "p95", f(metrics.TimeToSuccessP95), "lat95", f(metrics.LatencyP95), "att", f(metrics.Amplification), "429", f(metrics.Rejected))
			}
			b, _ := json.MarshalIndent(v, "", " ")
			fmt.Println(string(b))
		}
	}
}
