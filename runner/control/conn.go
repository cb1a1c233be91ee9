package control

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// maxFrame bounds what a peer can make us allocate; a status of a thousand
// workers stays far below it.
const maxFrame = 1 << 20

// maxFiles bounds the files of one frame; the kernel's own limit is 253.
const maxFiles = 64

// Conn carries messages and open files between two processes. Send may be
// called from several goroutines; Receive from one at a time.
type Conn struct {
	unix *net.UnixConn
	send sync.Mutex
}

// NewConn makes a Conn of a connected unix stream socket.
func NewConn(c *net.UnixConn) *Conn { return &Conn{unix: c} }

// Pair returns both ends of a new control connection: ours as a Conn, the
// other as a file to inherit by a child, in blocking mode so that os/exec
// leaves its flags alone. The caller closes the file after the child started.
func Pair() (*Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("control: socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "control")
	ours, err := FromFile(os.NewFile(uintptr(fds[0]), "control"))
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// FromFile makes a Conn of an inherited or received file and closes the file.
func FromFile(f *os.File) (*Conn, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("control: file %d is no socket: %w", f.Fd(), err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("control: file is a %s socket, want unix", c.LocalAddr().Network())
	}
	return NewConn(u), nil
}

// Close closes the connection; the peer's Receive returns io.EOF.
func (c *Conn) Close() error { return c.unix.Close() }

// Unix returns the socket, for deadlines and peer credentials.
func (c *Conn) Unix() *net.UnixConn { return c.unix }

// Send writes one message with its files. The files stay open here: close
// them afterwards, or the other end never sees EOF.
func (c *Conn) Send(kind Kind, body any, files ...*os.File) error {
	m := Message{Kind: kind}
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("control: encode %s: %w", kind, err)
		}
		m.Body = raw
	}
	payload, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("control: encode %s: %w", kind, err)
	}
	if len(payload) > maxFrame {
		return fmt.Errorf("control: %s message of %d bytes, limit %d", kind, len(payload), maxFrame)
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(payload)), uint32(len(payload)))
	frame = append(frame, payload...)

	c.send.Lock()
	defer c.send.Unlock()
	n := 0
	if len(files) > 0 {
		if n, err = c.sendFiles(frame, files); err != nil {
			return fmt.Errorf("control: send %s: %w", kind, err)
		}
	}
	if _, err := c.unix.Write(frame[n:]); err != nil {
		return fmt.Errorf("control: send %s: %w", kind, err)
	}
	return nil
}

// sendFiles writes as much of frame as one sendmsg takes, with the files.
func (c *Conn) sendFiles(frame []byte, files []*os.File) (int, error) {
	if len(files) > maxFiles {
		return 0, fmt.Errorf("%d files in one message, limit %d", len(files), maxFiles)
	}
	fds := make([]int, len(files))
	for i, f := range files {
		fds[i] = int(f.Fd())
	}
	n, _, err := c.unix.WriteMsgUnix(frame, unix.UnixRights(fds...), nil)
	return n, err
}

// Receive reads the next message and its files, which the caller owns. At
// the end of the conversation it returns io.EOF.
func (c *Conn) Receive() (Message, []*os.File, error) {
	var head [4]byte
	files, err := c.receiveHead(head[:])
	if err != nil {
		return Message{}, nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrame {
		closeAll(files)
		return Message{}, nil, fmt.Errorf("control: frame of %d bytes, limit %d", size, maxFrame)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(c.unix, payload); err != nil {
		closeAll(files)
		return Message{}, nil, fmt.Errorf("control: frame cut short: %w", err)
	}
	var m Message
	if err := json.Unmarshal(payload, &m); err != nil {
		closeAll(files)
		return Message{}, nil, fmt.Errorf("control: frame is no message: %w", err)
	}
	return m, files, nil
}

// receiveHead reads the four bytes of length. Files travel with the first
// byte of the frame they were sent with (unix(7)), so they arrive here.
func (c *Conn) receiveHead(head []byte) ([]*os.File, error) {
	oob := make([]byte, unix.CmsgSpace(maxFiles*4))
	n, oobn, flags, _, err := c.unix.ReadMsgUnix(head, oob)
	if err != nil {
		return nil, err
	}
	files, err := parseFiles(oob[:oobn])
	if err != nil {
		return nil, err
	}
	if flags&unix.MSG_CTRUNC != 0 {
		closeAll(files)
		return nil, errors.New("control: more files than fit into a message, or no descriptors left")
	}
	if n == 0 {
		return nil, io.EOF
	}
	if _, err := io.ReadFull(c.unix, head[n:]); err != nil {
		closeAll(files)
		return nil, fmt.Errorf("control: frame cut short: %w", err)
	}
	return files, nil
}

func parseFiles(oob []byte) ([]*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("control: parse ancillary data: %w", err)
	}
	var files []*os.File
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue // credentials or another kind: not ours
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// Hello says who we are, hears who they are, and returns it. It fails when
// there is no version that both speak.
func (c *Conn) Hello(us Hello) (Hello, error) {
	us.Min, us.Max, us.PID = MinVersion, MaxVersion, os.Getpid()
	if err := c.Send(KindHello, us); err != nil {
		return Hello{}, err
	}
	m, files, err := c.Receive()
	if err != nil {
		return Hello{}, fmt.Errorf("control: no hello from the other side: %w", err)
	}
	closeAll(files)
	if m.Kind != KindHello {
		return Hello{}, fmt.Errorf("control: %s before hello", m.Kind)
	}
	var them Hello
	if err := m.Decode(&them); err != nil {
		return Hello{}, err
	}
	if them.Min > MaxVersion || them.Max < MinVersion {
		return them, fmt.Errorf("control: %s (pid %d) speaks control %d to %d, this binary %d to %d",
			them.Role, them.PID, them.Min, them.Max, MinVersion, MaxVersion)
	}
	return them, nil
}
