package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// errDuration says what a duration looks like.
var errDuration = errors.New(`a duration like "30s", "5m", "12h" or "30d"`)

// parseDuration is time.ParseDuration with days in front ("30d", "1d12h"),
// because the age of a session is not naturally counted in hours.
func parseDuration(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, errDuration
		}
		return d, nil
	}
	n, err := strconv.ParseUint(days, 10, 31)
	if err != nil || n > uint64(math.MaxInt64/day) {
		return 0, errDuration
	}
	sum := time.Duration(n) * day
	if rest == "" {
		return sum, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || sum > math.MaxInt64-d {
		return 0, errDuration
	}
	return sum + d, nil
}

// formatDuration writes a duration as a person would: 30d, 5m, 1m30s.
func formatDuration(d time.Duration) string {
	if d > 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
