package tokens

import "math"

// none is the rank of what is no token.
const none = math.MaxUint32

// parts is a piece while its bytes are merged: a list of runs of bytes that are one token so
// far, and a heap of the pairs of neighbours that are a token together. The library looks at
// all pairs for each merge, which takes a time of n²; this takes one of n log n.
type parts struct {
	e            *encoding
	piece        string
	next, before []int32  // where the next part begins, by where a part begins, and the one before
	rank         []uint32 // of the token that a part and the next one make; none where they make none, or where no part begins any more
	heap         []uint64 // rank and begin of pairs, the least first; those of an outdated rank are skipped
}

// merge returns the tokens of a piece: of all neighbours that are a token together, those of
// the least rank become one, the first of them first, until there are none.
func (e *encoding) merge(piece string) int {
	if _, whole := e.ranks[piece]; whole {
		return 1
	}
	n := len(piece)
	p := &parts{e: e, piece: piece, next: make([]int32, n+1), before: make([]int32, n+1), rank: make([]uint32, n)}
	for i := range n {
		p.next[i], p.before[i+1] = int32(i+1), int32(i)
	}
	p.next[n], p.before[0] = int32(n), -1
	for i := range n {
		p.pair(int32(i))
	}
	for len(p.heap) > 0 {
		least := p.pop()
		i := int32(uint32(least))
		if p.rank[i] != uint32(least>>32) {
			continue
		}
		with := p.next[i]
		p.rank[with] = none
		p.next[i] = p.next[with]
		p.before[p.next[i]] = i
		n--
		p.pair(i)
		if b := p.before[i]; b >= 0 {
			p.pair(b)
		}
	}
	return n
}

// pair looks up what the part at i makes with the next one.
func (p *parts) pair(i int32) {
	p.rank[i] = none
	from := int(p.next[i])
	if from >= len(p.piece) {
		return
	}
	end := int(p.next[from])
	if end-int(i) > p.e.longest {
		return
	}
	if rank, ok := p.e.ranks[p.piece[i:end]]; ok {
		p.rank[i] = uint32(rank)
		p.push(uint64(rank)<<32 | uint64(uint32(i)))
	}
}

func (p *parts) push(key uint64) {
	h := append(p.heap, key)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if h[up] <= key {
			break
		}
		h[i], i = h[up], up
	}
	h[i] = key
	p.heap = h
}

func (p *parts) pop() uint64 {
	h := p.heap
	least, key := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	p.heap = h
	if len(h) == 0 {
		return least
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1] < h[down] {
			down++
		}
		if h[down] >= key {
			break
		}
		h[i], i = h[down], down
	}
	h[i] = key
	return least
}
