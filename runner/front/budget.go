package front

import "sync/atomic"

// budget bounds how many requests are carried out twice, as a share of all: a
// site whose workers fail all the time must not get twice the work for it. It
// is a bucket (the retry budgets of Finagle and gRPC): each request puts in a
// fifth of a retry, each retry takes out one. A full bucket is enough for
// everything that is in flight at a worker when it dies.
type budget struct{ fifths atomic.Int64 }

const (
	budgetShare = 5    // one retry for so many requests
	budgetRoom  = 2048 // retries in a full bucket
)

func newBudget() *budget {
	b := new(budget)
	b.fifths.Store(budgetRoom * budgetShare)
	return b
}

// put counts a request. A full bucket is only looked at.
func (b *budget) put() {
	if b.fifths.Load() < budgetRoom*budgetShare {
		b.fifths.Add(1)
	}
}

// take reports whether a request may be repeated, and counts that.
func (b *budget) take() bool {
	if b.fifths.Add(-budgetShare) >= 0 {
		return true
	}
	b.fifths.Add(budgetShare)
	return false
}

// noBudget is the reason for not repeating a request that would be repeated
// otherwise.
const noBudget = "too many requests were repeated"
