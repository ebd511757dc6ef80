package arena

import (
	"cmp"
	"fmt"
	"slices"

	"ratesim/provider/catalog"
	"ratesim/scenarios/situations"
	"ratesim/sim/metrics"
)

// File is a situation as a scenario file.
type File struct {
	Name string // without an ending
	Data []byte
}

// Worst returns the situations in which a strategy has the most regret, at most n and none
// in which it is within half a point, as scenario files. Each compares the strategy with the
// best of the field and with oracle, and says above what came out. The catalog must be the
// one that a was made with.
func Worst(a *metrics.Arena, strategy string, n int, known *catalog.Catalog) ([]File, error) {
	type bad struct {
		in  *metrics.ArenaSituation
		own *metrics.Score
	}
	var list []bad
	for i := range a.Situations {
		s := &a.Situations[i]
		if own := s.Find(strategy); own != nil && own.Regret > metrics.Close {
			list = append(list, bad{s, own})
		}
	}
	slices.SortStableFunc(list, func(x, y bad) int { return cmp.Compare(y.own.Regret, x.own.Regret) })
	var files []File
	for i, b := range list[:min(n, len(list))] {
		s, err := situations.Draw(a.Seed, b.in.Index, known)
		if err != nil {
			return nil, err
		}
		best := b.in.Best()
		data := s.File([]string{strategy, best.Name, "oracle"},
			fmt.Sprintf("Number %d of the situations in which %s has the most regret: %.1f points.", i+1, strategy, b.own.Regret),
			sentence(strategy, b.own), sentence(best.Name+", the best of the field", best),
			fmt.Sprintf("To repeat it: ratesim compare FILE --seed %d --reps %d", s.Seed, a.Replications))
		files = append(files, File{fmt.Sprintf("%02d-%s", i+1, s.Name), data})
	}
	return files, nil
}

// sentence says what a strategy did.
func sentence(name string, s *metrics.Score) string {
	text := fmt.Sprintf("%s: %.2f %% of the calls succeed, %.2f 429s a call", name, 100*s.SuccessRate, s.Refusals)
	if s.Seconds != nil {
		text += fmt.Sprintf(", %.1f s from arrival to success on average", *s.Seconds)
	}
	return text + "."
}
