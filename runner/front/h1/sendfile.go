package h1

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
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
		sent, err := x.sendPiece(file, offset, min(n, filePiece))
		offset, n, x.left = offset+sent, n-sent, x.left-sent
		total += sent
		switch {
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS): // not from this file system
			copied, err := x.copyFile(file, offset, n)
			return total + copied, err
		case err != nil && !x.c.goesOn(int(sent), err):
			return total, x.note(err)
		case err == nil && sent == 0:
			return total, io.ErrUnexpectedEOF
		}
	}
	return total, nil
}

// sendPiece sends what was collected and up to n octets of a file.
func (x *Exchange) sendPiece(file *os.File, offset, n int64) (sent int64, err error) {
	if len(x.out) > 0 {
		if err := x.sendAhead(); err != nil {
			return 0, err
		}
	}
	now, err := x.c.expectProgress(&x.pace)
	if err != nil {
		return 0, err
	}
	from := int(file.Fd())
	var failure error
	err = x.c.raw.Write(func(to uintptr) bool {
		for sent < n {
			m, err := unix.Sendfile(int(to), from, &offset, int(n-sent))
			if m > 0 {
				sent += int64(m)
			}
			switch {
			case err == unix.EINTR:
			case err == unix.EAGAIN:
				return false
			case err != nil || m == 0:
				failure = err
				return true
			}
		}
		return true
	})
	x.pace.Add(int(sent), time.Since(now))
	if failure != nil {
		err = os.NewSyscallError("sendfile", failure)
	}
	return sent, err
}

// sendAhead sends what was collected and tells the kernel that more follows at
// once, so that a head needs no packet of its own.
func (x *Exchange) sendAhead() error {
	ahead := x.out
	err := x.c.raw.Write(func(to uintptr) bool {
		n, err := unix.SendmsgN(int(to), ahead, nil, nil, unix.MSG_MORE|unix.MSG_NOSIGNAL)
		if err == nil && n > 0 {
			ahead = ahead[n:]
		}
		return true
	})
	if err == nil && len(ahead) > 0 { // a client that is slow, or gone
		err = x.c.send(&x.pace, ahead, nil)
	}
	x.out = x.out[:0]
	return err
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
