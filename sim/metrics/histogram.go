package metrics

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// Histogram counts durations in buckets that are at most 0.1 % wide: those up to
// 2,047 us have one each microsecond, and every doubling after that is divided
// into 1,024. It is exact in what it counts, merges exactly, and takes 8 KiB for
// each doubling that holds something, where a table over the whole range would
// take 256 KiB. The zero value is empty.
type Histogram struct {
	chunks [chunks]*[1 << chunkBits]int64
}

const (
	chunkBits = 10
	// longest is what longer durations count as: 30 days, in us.
	longest = int64(30 * 24 * time.Hour / time.Microsecond)
	chunks  = 33 // hold longest
)

// bucketOf returns the bucket of a duration in us.
func bucketOf(us int64) int {
	shift := max(0, bits.Len64(uint64(us))-chunkBits-1)
	return shift<<chunkBits + int(us>>shift)
}

// bucketSeconds returns the longest duration of a bucket.
func bucketSeconds(bucket int32) float64 {
	shift := max(0, bucket>>chunkBits-1)
	part := int64(bucket - shift<<chunkBits)
	return float64((part+1)<<shift-1) / 1e6
}

// Add counts a duration, rounded to 1 us.
func (h *Histogram) Add(d time.Duration) {
	i := bucketOf(min(max(int64((d+500)/time.Microsecond), 0), longest))
	chunk := h.chunks[i>>chunkBits]
	if chunk == nil {
		chunk = new([1 << chunkBits]int64)
		h.chunks[i>>chunkBits] = chunk
	}
	chunk[i&(1<<chunkBits-1)]++
}

// merge adds o to h.
func (h *Histogram) merge(o *Histogram) {
	for k, from := range o.chunks {
		if from == nil {
			continue
		}
		if h.chunks[k] == nil {
			h.chunks[k] = new([1 << chunkBits]int64)
		}
		for i, n := range from {
			h.chunks[k][i] += n
		}
	}
}

// packed is a Histogram that is not added to any more, in some two bytes a bucket
// that holds something: the distance from the bucket before and the count, as
// varints.
type packed []byte

func (h *Histogram) pack() packed {
	var out packed
	last := 0
	for k, chunk := range h.chunks {
		if chunk == nil {
			continue
		}
		for i, n := range chunk {
			if n > 0 {
				at := k<<chunkBits + i
				out = binary.AppendUvarint(out, uint64(at-last))
				out = binary.AppendUvarint(out, uint64(n))
				last = at
			}
		}
	}
	return append(packed{}, out...) // as long as need be
}

// each calls f for every bucket that holds something, in order.
func (p packed) each(f func(bucket int32, n int64)) {
	at := 0
	for len(p) > 0 {
		step, a := binary.Uvarint(p)
		n, b := binary.Uvarint(p[a:])
		p = p[a+b:]
		at += int(step)
		f(int32(at), int64(n))
	}
}
