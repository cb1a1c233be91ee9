package strict

import "testing"

func TestIsValueLooksAtEachOctet(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			b := []byte("aaaaaaaaaaaaaaaaaaaa")
			b[at] = byte(c)
			want := c == '\t' || c >= ' ' && c != 0x7f
			if IsValue(b) != want || IsText(string(b)) != want {
				t.Errorf("octet %#x at %d: %v, want %v", c, at, !want, want)
			}
		}
	}
}
