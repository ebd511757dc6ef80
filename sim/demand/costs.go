package demand

import "math/bits"

// Costs are kept by cell: exactly below 1<<precise, and above to that many bits,
// rounded down. A cell's cost is at most a 128th below those that lie in it.
const (
	precise  = 8
	largest  = 44 // bits; what costs more counts as 1<<largest
	half     = 1 << (precise - 1)
	numCells = 2*half + (largest-precise+1)*half
)

// cell returns the cell of a cost that is not negative.
func cell(cost int64) uint16 {
	n := bits.Len64(uint64(cost)) - precise
	switch {
	case n <= 0:
		return uint16(cost)
	case n > largest-precise:
		return numCells - half
	}
	return uint16(n*half + int(cost>>n))
}

// costOf returns what costs in a cell count: the least of them.
func costOf(cell uint16) int64 {
	if cell < 2*half {
		return int64(cell)
	}
	n := int(cell)/half - 1
	return int64(int(cell)-n*half) << n
}

// costs is a multiset of costs, in memory that does not grow with it.
type costs struct {
	count [numCells]uint32
	some  [(numCells + 63) / 64]uint64 // bit i: there are some in cell i
	high  int                          // no bit is set above this word
	n     int64
	total int64
}

func (s *costs) add(c uint16) {
	s.count[c]++
	s.some[c/64] |= 1 << (c % 64)
	s.high = max(s.high, int(c/64))
	s.n++
	s.total += costOf(c)
}

func (s *costs) remove(c uint16) {
	if s.count[c]--; s.count[c] == 0 {
		s.some[c/64] &^= 1 << (c % 64)
	}
	s.n--
	s.total -= costOf(c)
}

// most returns the cell of the largest cost; there must be one.
func (s *costs) most() uint16 {
	for i := s.high; ; i-- {
		if w := s.some[i]; w != 0 {
			s.high = i
			return uint16(64*i + bits.Len64(w) - 1)
		}
	}
}

// least returns the cell of the smallest cost; there must be one.
func (s *costs) least() uint16 {
	for i := 0; ; i++ {
		if w := s.some[i]; w != 0 {
			return uint16(64*i + bits.TrailingZeros64(w))
		}
	}
}

func (s *costs) clear() {
	for i, w := range s.some[:s.high+1] {
		for ; w != 0; w &= w - 1 {
			s.count[64*i+bits.TrailingZeros64(w)] = 0
		}
		s.some[i] = 0
	}
	s.high, s.n, s.total = 0, 0, 0
}
