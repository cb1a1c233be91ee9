package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Listener accepts the data connections of all links that were added to it.
// It is a net.Listener, so any server that takes one runs behind a front.
type Listener struct {
	conns chan net.Conn
	done  chan struct{}

	mu     sync.Mutex
	links  map[*Link]struct{}
	none   chan struct{} // closed while there is no link
	closed bool
	wait   sync.WaitGroup
}

// NewListener returns a listener without links.
func NewListener() *Listener {
	none := make(chan struct{})
	close(none)
	return &Listener{
		conns: make(chan net.Conn),
		done:  make(chan struct{}),
		links: make(map[*Link]struct{}),
		none:  none,
	}
}

// Add starts accepting the connections of a link and takes the link over: it
// is closed when its other side goes away or when the listener is closed.
func (l *Listener) Add(link *Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		link.Close()
		return
	}
	if len(l.links) == 0 {
		l.none = make(chan struct{})
	}
	l.links[link] = struct{}{}
	l.wait.Add(1)
	go l.receive(link)
}

// NoLinks returns a channel that is closed once every front has closed its
// link, so that no new connection can come unless another link is added. It
// is closed at once when there is none.
func (l *Listener) NoLinks() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.none
}

// receive hands over the connections of one link until its end.
func (l *Listener) receive(link *Link) {
	defer l.wait.Done()
	defer func() {
		link.Close()
		l.mu.Lock()
		delete(l.links, link)
		if len(l.links) == 0 {
			close(l.none)
		}
		l.mu.Unlock()
	}()
	for {
		conn, err := link.accept()
		if err != nil {
			return
		}
		select {
		case l.conns <- conn:
		case <-l.done:
			conn.Close()
			return
		}
	}
}

// accept waits for the next data connection; io.EOF when the front is gone.
func (l *Link) accept() (net.Conn, error) {
	var b [1]byte
	oob := make([]byte, unix.CmsgSpace(4))
	for {
		n, oobn, _, _, err := l.unix.ReadMsgUnix(b[:], oob)
		if err != nil {
			return nil, err
		}
		if n == 0 && oobn == 0 {
			return nil, io.EOF
		}
		conn, err := connFromRights(oob[:oobn])
		if err != nil {
			continue // a packet without a socket: the peer speaks garbage, serve the rest
		}
		return conn, nil
	}
}

// connFromRights makes a connection of the one descriptor in oob.
func connFromRights(oob []byte) (net.Conn, error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil || len(fds) == 0 {
			continue
		}
		f := os.NewFile(uintptr(fds[0]), "data")
		defer f.Close()
		return net.FileConn(f)
	}
	return nil, errors.New("wire: packet without a connection")
}

// Accept returns the next data connection; net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends all links and waits for their goroutines. Connections that were
// accepted live on.
func (l *Listener) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.done)
		for link := range l.links {
			link.Close()
		}
	}
	l.mu.Unlock()
	l.wait.Wait()
	return nil
}

// Addr names the listener; there is no address to connect to.
func (l *Listener) Addr() net.Addr { return &net.UnixAddr{Name: "@dram-link", Net: "unix"} }
