package workload

// rowQueue holds rows in order, the first to be taken out first. Its memory is in chunks that
// are used again.
type rowQueue struct {
	chunks [][]heldRow
	spare  []heldRow // a chunk that was emptied
	from   int       // rows of the first chunk that were taken
	rows   int       // that are held
}

const (
	// queueChunk is how many rows are kept together: 720 KB.
	queueChunk = 1 << 13
	// maxTied is how many rows of one instant may be put in order of their IDs. Most logs have
	// whole seconds or milliseconds.
	maxTied = 64
)

// push adds a row, and reports whether it is in order.
func (q *rowQueue) push(h *heldRow) bool {
	n := len(q.chunks)
	if n == 0 || len(q.chunks[n-1]) >= queueChunk && h.start > q.chunks[n-1][len(q.chunks[n-1])-1].start {
		size := queueChunk + maxTied
		if n == 0 && q.spare == nil { // a log may be short
			size = 1 << 8
		}
		if cap(q.spare) < size {
			q.spare = make([]heldRow, 0, size)
		}
		q.chunks = append(q.chunks, append(q.spare[:0], *h))
		q.spare = nil
		q.rows++
		return true
	}
	c := q.chunks[n-1]
	first := max(0, len(c)-maxTied)
	if n == 1 {
		first = max(first, q.from)
	}
	at := len(c)
	for at > first && compareHeld(&c[at-1], h) > 0 {
		if at--; c[at].start != h.start {
			return false
		}
	}
	if at == first && at > 0 && compareHeld(&c[at-1], h) > 0 || len(c) >= queueChunk+maxTied {
		return false
	}
	c = append(c, *h)
	if at < len(c)-1 {
		copy(c[at+1:], c[at:])
		c[at] = *h
	}
	q.chunks[n-1] = c
	q.rows++
	return true
}

// pop takes the first row out, which stays as it is until the next call of push.
func (q *rowQueue) pop() *heldRow {
	c := q.chunks[0]
	h := &c[q.from]
	q.rows--
	if q.from++; q.from == len(c) {
		q.chunks = q.chunks[:copy(q.chunks, q.chunks[1:])]
		q.from = 0
		q.spare = c
	}
	return h
}

// empty moves all rows behind those of to.
func (q *rowQueue) empty(to []heldRow) []heldRow {
	for _, c := range q.chunks {
		to = append(to, c[q.from:]...)
		q.from = 0
	}
	*q = rowQueue{}
	return to
}
