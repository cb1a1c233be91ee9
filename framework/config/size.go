package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. In dram.toml and in the environment it is
// written as an integer or with a binary unit: 512, "64KiB", "10MiB", "1GiB".
type Size int64

// errSize says what a size looks like.
var errSize = errors.New(`a size like 512, "64KiB", "10MiB" or "1GiB"`)

// unit is one of the binary units of IEC 80000-13.
type unit struct {
	name  string
	bytes int64
}

// units lists the binary units, the largest first.
func units() [4]unit {
	return [4]unit{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}
}

// ParseSize reads a Size from text: a whole number of bytes, or a whole number
// with one of the units KiB, MiB, GiB and TiB. Decimal units (kB, MB) are an
// error, because half of their users mean the binary ones.
func ParseSize(text string) (Size, error) {
	digits, factor := text, int64(1)
	for _, u := range units() {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			digits, factor = strings.TrimSuffix(number, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/factor {
		return 0, errSize
	}
	return Size(int64(n) * factor), nil
}

// String returns the size as it would be written in dram.toml, with the
// largest unit that loses nothing.
func (s Size) String() string {
	for _, u := range units() {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
