package workload

// inOrder keeps what is next of several streams, the earliest first.
type inOrder[T interface{ Before(T) bool }] []T

// push adds x.
func (h *inOrder[T]) push(x T) {
	*h = append(*h, x)
	q := *h
	for i := len(q) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q[i].Before(q[parent]) {
			return
		}
		q[i], q[parent] = q[parent], q[i]
		i = parent
	}
}

// pop takes out the first.
func (h *inOrder[T]) pop() T {
	q := *h
	first, last := q[0], len(q)-1
	q[0] = q[last]
	var none T
	q[last] = none
	*h = q[:last]
	h.settle()
	return first
}

// settle moves the first, which has become a later one, to its place.
func (h *inOrder[T]) settle() {
	q := *h
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q); child++ {
			if q[child].Before(q[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		q[i], q[least] = q[least], q[i]
		i = least
	}
}
