package compile_test

import (
	"hash/fnv"
	"math/rand/v2"
)

// choices turns bytes into decisions, so that a fuzzer steers a generator.
// When the bytes are used up, a generator seeded by them decides, and when the
// budget is, every decision is the first and simplest.
type choices struct {
	given  []byte
	rest   *rand.Rand
	budget int
}

func newChoices(given []byte, budget int) *choices {
	h := fnv.New64a()
	h.Write(given)
	return &choices{given: given, rest: rand.New(rand.NewPCG(h.Sum64(), 7)), budget: budget}
}

// n returns a number from 0 to n-1.
func (c *choices) n(n int) int {
	if n <= 1 || c.budget <= 0 {
		return 0
	}
	c.budget--
	if len(c.given) == 0 {
		return c.rest.IntN(n)
	}
	b := int(c.given[0])
	c.given = c.given[1:]
	if n > 256 && len(c.given) > 0 {
		b = b<<8 | int(c.given[0])
		c.given = c.given[1:]
	}
	return b % n
}

// one says yes once in n times, and never when the budget is used up.
func (c *choices) one(n int) bool { return c.budget > 0 && c.n(n) == n-1 }

// pick returns one of the items.
func pick[T any](c *choices, items ...T) T { return items[c.n(len(items))] }
