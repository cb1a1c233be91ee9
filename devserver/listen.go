package devserver

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

const (
	defaultPort = 3000
	portTries   = 20 // ports tried when nobody asked for one
)

// listen opens the addresses the browser talks to. An empty address means
// loopback, port 3000 or the next free one; skipped tells that it was not the
// first. url is what to open.
func listen(address string) (listeners []net.Listener, url string, skipped bool, err error) {
	if address != "" {
		listeners, url, err = listenAt(address)
		return listeners, url, false, err
	}
	for port := defaultPort; port < defaultPort+portTries; port++ {
		listeners, err = listenLoopback(port)
		if err == nil {
			return listeners, "http://localhost:" + strconv.Itoa(port), port != defaultPort, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, "", false, err
		}
	}
	return nil, "", false, fmt.Errorf("ports %d to %d are all in use: choose one with --listen HOST:PORT",
		defaultPort, defaultPort+portTries-1)
}

// listenLoopback takes a port on 127.0.0.1 and, where there is IPv6, on ::1,
// because browsers try either for localhost: another server on the other one
// would be met by chance.
func listenLoopback(port int) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case errors.Is(err, syscall.EADDRINUSE):
		four.Close()
		return nil, err
	}
	return []net.Listener{four}, nil
}

// listenAt takes exactly the address that was asked for.
func listenAt(address string) ([]net.Listener, string, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", fmt.Errorf("--listen %q: expected HOST:PORT, such as localhost:3000", address)
	}
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, "", fmt.Errorf("--listen %s: the port is in use by another program; stop it, or leave out --listen to take the next free port", address)
	}
	if err != nil {
		return nil, "", fmt.Errorf("--listen %s: %w", address, err)
	}
	if newHosts(address).wildcard {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return []net.Listener{l}, "http://" + net.JoinHostPort(host, port), nil
}
