package limit

import "net/netip"

// Address is whom something is counted for: an address of IPv4, or the first
// 64 bits of one of IPv6. The zero Address is nobody.
type Address [16]byte

// Of returns whom an address counts for.
func Of(a netip.Addr) Address {
	if !a.IsValid() {
		return Address{}
	}
	b := a.As16()
	if a.Is6() && !a.Is4In6() {
		clear(b[8:])
	}
	return b
}

// Parse reads ADDRESS:PORT, as connections and requests name their client. Not
// ok: it is none, as that of a unix socket.
func Parse(text string) (netip.Addr, bool) {
	if a, ok := parse4(text); ok {
		return a, true
	}
	a, err := netip.ParseAddrPort(text)
	return a.Addr().Unmap(), err == nil
}

// parse4 reads what nearly every request has, in a third of the time.
func parse4(text string) (netip.Addr, bool) {
	var b [4]byte
	part, n, digits := 0, 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9' && digits < 3:
			n, digits = n*10+int(c-'0'), digits+1
		case c == '.' && digits > 0 && n <= 255 && part < 3:
			b[part] = byte(n)
			part, n, digits = part+1, 0, 0
		case c == ':' && digits > 0 && n <= 255 && part == 3:
			b[3] = byte(n)
			return netip.AddrFrom4(b), true
		default:
			return netip.Addr{}, false
		}
	}
	return netip.Addr{}, false
}
