package load

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogramIsRightToOnePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	var parts [2]Histogram
	for range 20_000 {
		d := time.Duration(random.Int64N(1 << random.Int64N(45)))
		all = append(all, d)
		parts[random.IntN(2)].Add(d)
	}
	var h Histogram
	h.Merge(&parts[0])
	h.Merge(&parts[1])
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[max(0, int(q*float64(len(all))+0.5)-1)]
		got := h.Quantile(q)
		if got < want || float64(got) > float64(want)*1.01 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if h.Max() != all[len(all)-1] || h.Count() != uint64(len(all)) {
		t.Errorf("max %v of %d, want %v of %d", h.Max(), h.Count(), all[len(all)-1], len(all))
	}
}

func TestBuckets(t *testing.T) {
	for b := range buckets {
		if d := highest(b); bucket(d) != b || d+1 > 0 && bucket(d+1) != b+1 {
			t.Fatalf("bucket %d ends at %d, which is in %d, and the next is in %d", b, d, bucket(d), bucket(d+1))
		}
		if b > 0 && highest(b) == 1<<63-1 {
			return
		}
	}
}

func TestHistogramOfNothing(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 || h.Max() != 0 {
		t.Errorf("%v, %v, %v", h.Quantile(0.5), h.Mean(), h.Max())
	}
	h.Add(-time.Second) // a clock that went back
	if h.Quantile(1) != 0 || h.Count() != 1 {
		t.Errorf("%v of %d", h.Quantile(1), h.Count())
	}
}
