package front

// candidate is a worker as the balancer sees it.
type candidate struct {
	load int64 // requests in flight there
	rank int   // 0 is as good as any; a higher one is used only when no lower is there
}

// many is the number of equal candidates from which looking at all of them is
// no longer worth it: two at random are nearly as good (Mitzenmacher, The
// Power of Two Choices in Randomized Load Balancing, 2001), and many fronts
// do not all run to the same one.
const many = 16

// pick returns the index of the candidate to use: of the lowest rank the one
// with the fewest requests. Among equals turn decides, which the caller counts
// up, so that they take turns. -1 when there are none.
func pick(all []candidate, turn uint64) int {
	rank, equal := lowestRank(all)
	if equal == 0 {
		return -1
	}
	if equal >= many {
		r := scramble(turn)
		a, b := nth(all, rank, int(uint32(r)%uint32(equal))), nth(all, rank, int(uint32(r>>32)%uint32(equal)))
		if all[b].load < all[a].load {
			return b
		}
		return a
	}
	best := -1
	for i := range all {
		at := (i + int(turn%uint64(len(all)))) % len(all)
		if all[at].rank == rank && (best < 0 || all[at].load < all[best].load) {
			best = at
		}
	}
	return best
}

// lowestRank returns the lowest rank and how many candidates have it.
func lowestRank(all []candidate) (rank, count int) {
	for _, c := range all {
		switch {
		case count == 0 || c.rank < rank:
			rank, count = c.rank, 1
		case c.rank == rank:
			count++
		}
	}
	return rank, count
}

// nth returns the index of the nth candidate of a rank.
func nth(all []candidate, rank, n int) int {
	for i, c := range all {
		if c.rank != rank {
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	return -1
}

// scramble makes 64 bits that look random of a counter (splitmix64).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
