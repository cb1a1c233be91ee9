// Package nearest finds the name that was meant by one that does not exist:
// every "did you mean" of Dram comes from here.
package nearest

import (
	"fmt"
	"strings"
)

// Name returns the known name closest to what was given, or "" when none is
// close: a third of the letters may be wrong, at least one. Case is ignored.
// Of equally close names the first wins.
func Name(given string, known []string) string {
	if given == "" {
		return ""
	}
	best, least := "", max(1, len(given)/3)+1
	for _, name := range known {
		if d := distance(strings.ToLower(given), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// Hint returns the end of an error message about a name that does not exist:
// `, did you mean "x"?`, or "" when no known name is close.
func Hint(given string, known []string) string {
	name := Name(given, known)
	if name == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", name)
}

// tooLong bounds the work for names that nobody typed by hand.
const tooLong = 100

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	if len(a) > tooLong || len(b) > tooLong {
		return tooLong
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
