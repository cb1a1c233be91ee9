package load

import (
	"math/bits"
	"time"
)

// Histogram counts durations in buckets whose width grows with the value, as
// HdrHistogram does: what it says about any one is right to 1 %, from a
// nanosecond to centuries, in 60 KiB.
type Histogram struct {
	counts [buckets]uint64
	n      uint64
	sum    time.Duration
	max    time.Duration
}

const (
	precision = 7 // bits: 128 buckets for each power of two
	buckets   = (64 - precision) << precision
)

// bucket is the number of a duration's bucket. Below 2^precision each value
// has its own.
func bucket(d time.Duration) int {
	v := uint64(max(0, d))
	shift := max(0, bits.Len64(v)-precision-1)
	return shift<<precision + int(v>>shift)
}

// highest is the longest duration of a bucket.
func highest(b int) time.Duration {
	if b < 2<<precision {
		return time.Duration(b)
	}
	shift := b>>precision - 1
	v := uint64(b) - uint64(shift)<<precision
	return time.Duration((v+1)<<shift - 1)
}

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucket(d)]++
	h.n++
	h.sum += d
	h.max = max(h.max, d)
}

// Merge adds all that other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for b, n := range other.counts {
		h.counts[b] += n
	}
	h.n += other.n
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// Quantile is the duration that the share q (0 to 1) of all does not exceed;
// 0 when nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(1, min(h.n, uint64(q*float64(h.n)+0.5)))
	var seen uint64
	for b, n := range h.counts {
		if seen += n; seen >= rank {
			return min(highest(b), h.max)
		}
	}
	return h.max
}

// Max is the longest duration counted, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is the average, exactly; 0 when nothing was counted.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Count is how many durations were counted.
func (h *Histogram) Count() uint64 { return h.n }
