package h1

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/nonblock"
)

// SendFile sends n octets of the body from file, from an offset on, without
// moving the offset of the file itself, so that responses can share it. In clear
// the kernel sends them. A file that has become too short is
// io.ErrUnexpectedEOF; the client must be told by Abort then.
func (x *Exchange) SendFile(file *os.File, offset, n int64) (total int64, err error) {
	if x.failed != nil {
		return 0, x.failed
	}
	if x.bodiless || n <= 0 {
		return 0, nil
	}
	if x.c.raw == nil || x.c.tls != nil || x.left < n {
		return x.copyFile(file, offset, n)
	}
	if !x.committed {
		x.commit(false)
	}
	for n > 0 {
		ahead := len(x.out)
		sent, err := x.sendPiece(file, offset, min(n, x.c.server.piece))
		offset, n, x.left = offset+sent, n-sent, x.left-sent
		total += sent
		switch {
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS): // not from this file system
			copied, err := x.copyFile(file, offset, n)
			return total + copied, err
		case err != nil && !x.c.goesOn(ahead-len(x.out)+int(sent), err):
			return total, x.note(err)
		case err == nil && sent == 0:
			return total, io.ErrUnexpectedEOF
		case n > 0:
			x.part.yield(x.c.server)
		}
	}
	return total, nil
}

// sendPiece sends what was collected and up to n octets of a file.
func (x *Exchange) sendPiece(file *os.File, offset, n int64) (sent int64, err error) {
	now, err := x.c.expectProgress(&x.pace)
	if err != nil {
		return 0, err
	}
	p := x.filePart()
	p.ahead, p.file, p.left, p.err = x.out, nonblock.File{FD: file.Fd(), Offset: offset}, n, nil
	err = x.c.raw.Write(p.try)
	if err == nil {
		err = p.err
	}
	sent = n - p.left
	x.pace.Add(len(x.out)-len(p.ahead)+int(sent), time.Since(now))
	x.out = x.out[:copy(x.out, p.ahead)]
	p.ahead = nil
	return sent, err
}

// filePart is the part of a file that is being sent after what was collected.
type filePart struct {
	try   func(to uintptr) bool // send
	ahead []byte
	file  nonblock.File
	left  int64
	err   error
	run   int64 // octets since there was no room
}

func (x *Exchange) filePart() *filePart {
	if x.part == nil {
		x.part = &filePart{}
		x.part.try = x.part.send
	}
	return x.part
}

// atOnce is how much the kernel sends in one call: enough that its number does
// not matter, and so little that nobody waits long for the processor.
const atOnce = 2 << 20

// send is called by the runtime when there may be room.
func (p *filePart) send(to uintptr) bool {
	for len(p.ahead) > 0 { // a head needs no packet of its own
		n, err := nonblock.WriteMore(to, p.ahead)
		if err != nil {
			return p.ends("sendto", err)
		}
		p.ahead = p.ahead[n:]
	}
	for p.left > 0 {
		n, err := p.file.SendTo(to, int(min(p.left, atOnce)))
		if err != nil {
			return p.ends("sendfile", err)
		}
		if n == 0 { // the end of the file
			return true
		}
		p.left -= int64(n)
		p.run += int64(n)
	}
	return true
}

// yield lets others go first if a fast client has kept us busy for long.
func (p *filePart) yield(s *Server) {
	if p.run >= s.piece {
		p.run = 0
		s.queue.pass()
	}
}

// ends keeps a failure and reports it; without room there is none yet.
func (p *filePart) ends(call string, err error) bool {
	if err == syscall.EAGAIN {
		p.run = 0
		return false
	}
	p.err = os.NewSyscallError(call, err)
	return true
}

// copySize is how much of a file is read at once where the kernel cannot send.
const copySize = 64 << 10

// copyFile is SendFile by way of our memory.
func (x *Exchange) copyFile(file *os.File, offset, n int64) (total int64, err error) {
	buffer := x.c.server.copies.Get().(*[copySize]byte)
	defer x.c.server.copies.Put(buffer)
	for total < n {
		m, err := file.ReadAt(buffer[:min(n-total, copySize)], offset+total)
		if m == 0 {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return total, err
		}
		m, err = x.Write(buffer[:m])
		total += int64(m)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
