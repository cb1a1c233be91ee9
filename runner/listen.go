package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// backlog is the longest queue of connections that wait for accept; the
// kernel cuts it to net.core.somaxconn.
const backlog = 4096

// listen opens a listening TCP socket on HOST:PORT and returns it with the
// address it is bound to. The descriptor is in blocking mode and no
// net.Listener: passing it to a child then leaves the flags alone that the
// other processes share with it (os.File.Fd clears O_NONBLOCK of a file that
// the net package made, and with it every Accept elsewhere blocks for ever).
func listen(address string) (*os.File, string, error) { return listenFor("server.listen", address) }

// listenFor is listen for the address that a setting names.
func listenFor(key, address string) (*os.File, string, error) { return listenWithin(0, key, address) }

// listenSoon is listenFor a master. The front of a master that has just been
// killed lets go of the port in a moment.
func listenSoon(key, address string) (*os.File, string, error) {
	return listenWithin(time.Second, key, address)
}

// listenWithin waits so long for a port that is in use.
func listenWithin(limit time.Duration, key, address string) (*os.File, string, error) {
	addr, dual, err := resolve(address)
	if err != nil {
		return nil, "", err
	}
	fd, err := bind(addr, dual)
	if dual && errors.Is(err, unix.EAFNOSUPPORT) { // a machine without IPv6
		addr, dual = netip.AddrPortFrom(netip.IPv4Unspecified(), addr.Port()), false
		fd, err = bind(addr, dual)
	}
	for begun := time.Now(); errors.Is(err, unix.EADDRINUSE) && time.Since(begun) < limit; {
		time.Sleep(20 * time.Millisecond)
		fd, err = bind(addr, dual)
	}
	if err != nil {
		return nil, "", listenError(key, address, addr, err)
	}
	f := os.NewFile(uintptr(fd), "listener")
	bound, err := boundAddress(fd)
	if err != nil {
		f.Close()
		return nil, "", fmt.Errorf("listen on %s: %w", address, err)
	}
	return f, bound, nil
}

// netListener is listen for a process that accepts by itself.
func netListener(address string) (net.Listener, string, error) {
	f, bound, err := listen(address)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, "", fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, bound, nil
}

// resolve finds the address to bind to. An empty host means every address of
// both families (dual); of a name with several addresses, the first IPv4 one
// is taken, as net.Listen does.
func resolve(address string) (addr netip.AddrPort, dual bool, err error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return addr, false, fmt.Errorf("cannot listen on %q: %w\nWrite HOST:PORT, as in 127.0.0.1:8000, [::1]:8000 or :8000", address, err)
	}
	ctx := context.Background()
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return addr, false, fmt.Errorf("cannot listen on %q: no port %q\nWrite a number from 0 to 65535; 0 takes a free one", address, service)
	}
	if host == "" {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(port)), true, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(ip, uint16(port)), false, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		return addr, false, fmt.Errorf("cannot listen on %q: the name %s has no address: %w", address, host, err)
	}
	best := ips[0].Unmap()
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.Is4() {
			best = ip
			break
		}
	}
	return netip.AddrPortFrom(best, uint16(port)), false, nil
}

func bind(addr netip.AddrPort, dual bool) (int, error) {
	family := unix.AF_INET
	if addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, err
	}
	if err := bindSocket(fd, addr, dual); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func bindSocket(fd int, addr netip.AddrPort, dual bool) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	var sa unix.Sockaddr
	if ip := addr.Addr(); ip.Is4() {
		sa = &unix.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}
	} else {
		only := 1
		if dual {
			only = 0
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return err
		}
		zone, err := zoneID(ip.Zone())
		if err != nil {
			return err
		}
		sa = &unix.SockaddrInet6{Port: int(addr.Port()), Addr: ip.As16(), ZoneId: zone}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return err
	}
	return unix.Listen(fd, backlog)
}

// zoneID turns the zone of fe80::1%eth0 into the number of its interface.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, err
	}
	return uint32(i.Index), nil
}

func boundAddress(fd int) (string, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return "", err
	}
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String(), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)).String(), nil
	}
	return "", fmt.Errorf("socket of family %T", sa)
}

var (
	errInUse    = errors.New("the port is in use")
	errReserved = errors.New("ports below 1024 need root or CAP_NET_BIND_SERVICE")
)

// listenError explains why an address cannot be had, and what to do.
func listenError(key, address string, addr netip.AddrPort, err error) error {
	where := key + " in dram.toml or DRAM_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
	if key == "server.listen" {
		where = "server.listen in dram.toml, DRAM_SERVER_LISTEN or --listen"
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		who := cmp.Or(processName(portHolder(int(addr.Port()))), "another process")
		return fmt.Errorf("cannot listen on %s: %w by %s\nEnd it, or choose another port: %s", address, errInUse, who, where)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("cannot listen on %s: %w\nChoose a higher port: %s", address, errReserved, where)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("cannot listen on %s: this machine has no address %s\nChoose one it has, or none for all of them: %s", address, addr.Addr(), where)
	}
	return fmt.Errorf("cannot listen on %s: %w\nThe address comes from %s", address, err, where)
}
