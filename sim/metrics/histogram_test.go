package metrics

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every duration is in a bucket whose longest is at most 0.1 % longer, and longer
// durations never lie in earlier buckets.
func TestBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) int64 {
			return min(longest, int64(math.Pow(2, rapid.Float64Range(0, 41.3).Draw(t, "log2 us"))))
		})
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		i := bucketOf(a)
		if end := bucketSeconds(int32(i)) * 1e6; end < float64(a)-0.5 || end > float64(a)*1.001+0.5 {
			t.Fatalf("%d us is in a bucket up to %v us", a, end)
		}
		if (a < b && bucketOf(a) > bucketOf(b)) || i >= chunks<<chunkBits {
			t.Fatalf("%d us is in bucket %d, %d us in %d", a, i, b, bucketOf(b))
		}
	})
}

// What is added, merged and packed is what comes out.
func TestHistogramAgainstSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(0, 3*longest), 0, 200)
		a, b := times.Draw(t, "us"), times.Draw(t, "more us")
		var h, o Histogram
		want := map[int32]int64{}
		for i, us := range append(slices.Clone(a), b...) {
			want[int32(bucketOf(min(us, longest)))]++
			if d := time.Duration(us) * time.Microsecond; i < len(a) {
				h.Add(d)
			} else {
				o.Add(d)
			}
		}
		h.merge(&o)
		last := int32(-1)
		h.pack().each(func(bucket int32, n int64) {
			if bucket <= last || want[bucket] != n {
				t.Fatalf("bucket %d after %d holds %d, want %d", bucket, last, n, want[bucket])
			}
			last = bucket
			delete(want, bucket)
		})
		if len(want) > 0 {
			t.Fatalf("missing %v", want)
		}
	})
}
