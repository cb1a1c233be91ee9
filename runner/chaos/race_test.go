//go:build race

package chaos

// raced says that this test binary carries the race detector.
const raced = true
