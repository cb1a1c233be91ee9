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
	for _, s := range stacks {
		clients, _, err := crowdOf(s, 1)
		defer closeAll(clients)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	lines, err := b.race(calm, saturation, stacks)
	if err != nil {
		return nil, err
	}
	busy := r
	busy.title = "the same beside 10,000"
	var more, notes []*line
	for i, s := range stacks { // one after the other: descriptors are few
		beside, each, err := b.beside(busy, s)
		if err != nil {
			return lines, fmt.Errorf("%s: %w", s.Name, err)
		}
		more = append(more, beside)
		beside.conclude(more[0])
		note := idleNote(s.Name, each, lines[i], beside)
		fmt.Fprintln(os.Stderr, "  "+note.String())
		notes = append(notes, note)
	}
	return append(append(lines, more...), notes...), nil
}

// idleNote says what idle connections cost, and what a request does beside
// them.
func idleNote(stack string, each int64, calm, beside *line) *line {
	text := fmt.Sprintf("%.1f KiB each; a request costs %.2f times what it does beside 1", float64(each)/1024, float64(beside.CPU)/float64(calm.CPU))
	if stack == ours {
		text += fmt.Sprintf(" (budget %d KiB)", idleBudget>>10)
	}
	return &line{Row: calm.Row, Work: "10,000 idle connections", Stack: stack, RSS: each, Note: text}
}

// idleBudget is what one of ours may cost.
const idleBudget = 8 << 10

// beside measures a stack with a crowd of idle clients, and what each of them
// costs.
func (b *bench) beside(r row, s *stack.Stack) (beside *line, each int64, err error) {
	clients, each, err := crowdOf(s, idleConnections)
	defer closeAll(clients)
	if err != nil {
		return nil, 0, err
	}
	lines, err := b.race(r, saturation, []*stack.Stack{s})
	if err != nil {
		return nil, 0, err
	}
	return lines[0], each, nil
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
