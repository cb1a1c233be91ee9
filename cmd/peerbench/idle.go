package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/cmd/peerbench/stack"
)

// idleConnections is how many clients connect, ask once and then wait.
const idleConnections = 10_000

// idle measures what connections cost that wait, and what they make of the
// cost of a request on others.
func idle(b *bench, r row) ([]*line, error) {
	stacks, err := b.startAll(r.contestants)
	if err != nil {
		return nil, err
	}
	defer stopAll(stacks)
	calm := r
	calm.title = "dynamic page, 5 KiB, beside 1 idle connection"
	lines, err := b.race(calm, saturation, stacks)
	if err != nil {
		return nil, err
	}
	busy := r
	busy.title = "the same beside 10,000"
	var more, notes []*line
	for _, s := range stacks { // one after the other: descriptors are few
		beside, note, err := b.beside(busy, s)
		if err != nil {
			return lines, fmt.Errorf("%s: %w", s.Name, err)
		}
		more, notes = append(more, beside), append(notes, note)
		beside.conclude(more[0])
	}
	return append(append(lines, more...), notes...), nil
}

// beside measures a stack with a crowd of idle clients.
func (b *bench) beside(r row, s *stack.Stack) (beside, note *line, err error) {
	clients, each, err := crowdOf(s, idleConnections)
	defer closeAll(clients)
	if err != nil {
		return nil, nil, err
	}
	lines, err := b.race(r, saturation, []*stack.Stack{s})
	if err != nil {
		return nil, nil, err
	}
	note = &line{Row: r.name, Work: "10,000 idle connections", Stack: s.Name, RSS: each, Note: fmt.Sprintf("%.1f KiB each", float64(each)/1024)}
	fmt.Fprintln(os.Stderr, "  "+note.String())
	return lines[0], note, nil
}

// crowdOf opens connections that have each had one answer, and returns what
// each costs the front of the stack.
func crowdOf(s *stack.Stack, n int) (clients []int, each int64, err error) {
	before, err := s.FrontRSS()
	if err != nil {
		return nil, 0, err
	}
	host := strings.TrimPrefix(s.URL, "http://")
	ip, port, err := net.SplitHostPort(host)
	if err != nil {
		return nil, 0, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, 0, err
	}
	to := &unix.SockaddrInet4{Port: number, Addr: [4]byte(net.ParseIP(ip).To4())}
	for range n {
		fd, err := ask(to, host)
		if fd >= 0 {
			clients = append(clients, fd)
		}
		if err != nil {
			return clients, 0, err
		}
	}
	time.Sleep(2 * time.Second) // servers tidy up
	after, err := s.FrontRSS()
	return clients, (after - before) / int64(n), err
}

// ask opens a connection and has one answer on it. The descriptor costs this
// process nothing else.
func ask(to unix.Sockaddr, host string) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, to); err != nil {
		return fd, err
	}
	if _, err := unix.Write(fd, []byte("GET / HTTP/1.1\r\nHost: "+host+"\r\nUser-Agent: peerbench\r\nAccept: */*\r\n\r\n")); err != nil {
		return fd, err
	}
	buffer := make([]byte, 16<<10)
	for got := 0; got < 5<<10; {
		n, err := unix.Read(fd, buffer)
		if err != nil || n == 0 {
			return fd, fmt.Errorf("an answer of %d bytes: %v", got, err)
		}
		got += n
	}
	return fd, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd) // ours, and only once
	}
}
