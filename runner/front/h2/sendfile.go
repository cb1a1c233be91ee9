package h2

import (
	"io"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

const (
	// fileFrames is how many frames of a file are made at once.
	fileFrames = 4
	filePiece  = fileFrames * maxFrame
)

// SendFile sends n octets of the body from file, from an offset on, without
// moving the offset of the file itself, so that responses can share it. A file
// that has become too short is io.ErrUnexpectedEOF; the client must be told by
// Abort then.
func (x *Exchange) SendFile(file *os.File, offset, n int64) (total int64, err error) {
	switch {
	case x.failed != nil:
		return 0, x.failed
	case x.bodiless || n <= 0:
		return 0, nil
	case x.left < n: // no length was announced, or too small a one
		return x.copyFile(file, offset, n)
	}
	for total < n {
		sent, err := x.sendPiece(file, offset+total, n-total)
		total += int64(sent)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// copyFile is SendFile by way of Write.
func (x *Exchange) copyFile(file *os.File, offset, n int64) (int64, error) {
	sent, err := x.ReadFrom(io.NewSectionReader(file, offset, n))
	if err == nil && sent < n {
		err = io.ErrUnexpectedEOF
	}
	return sent, err
}

// sendPiece reads as much of a file as the client has room for, to where it is
// sent from, and sends it. The connection's lock is not held while it reads,
// because a disk can block.
func (x *Exchange) sendPiece(file *os.File, offset, n int64) (int, error) {
	room, err := x.reserve(n)
	if err != nil {
		x.failed = err
		return 0, err
	}
	b := x.c.server.outputs.Get().(*[]byte)
	sent, fault := x.readFrames(b, file, offset, room)
	if err := x.submit(b, sent, room); err != nil {
		x.failed = err
		return 0, err
	}
	return sent, fault
}

// reserve waits for room in the client's windows and takes it: n octets, or
// fewer. What comes before the file is appended first.
func (x *Exchange) reserve(n int64) (int, error) {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !x.committed || len(x.out) > 0 {
		err := x.appendBody(x.out, nil, false)
		x.out = x.out[:0]
		if err != nil {
			return 0, err
		}
	}
	for {
		if err := x.dead(); err != nil {
			return 0, err
		}
		room := int(min(n, filePiece, int64(x.window), int64(c.window)))
		if room > 0 && c.pending()+c.out.reserved < maxPending {
			x.window -= room
			c.window -= room
			c.out.reserved += room
			return room, nil
		}
		if err := x.await(); err != nil {
			return 0, err
		}
	}
}

// readFrames reads n octets of a file into frames, fewer if it is too short.
func (x *Exchange) readFrames(to *[]byte, file *os.File, offset int64, n int) (int, error) {
	b := slices.Grow((*to)[:0], n+fileFrames*frameHead)
	var parts [fileFrames][]byte
	count := 0
	for at := frameHead; n > count*maxFrame; count++ {
		length := min(n-count*maxFrame, maxFrame)
		parts[count] = b[at : at+length]
		at += length + frameHead
	}
	got, err := unix.Preadv(int(file.Fd()), parts[:count], offset)
	for err == unix.EINTR {
		got, err = unix.Preadv(int(file.Fd()), parts[:count], offset)
	}
	runtime.KeepAlive(file)
	got = max(got, 0)
	switch {
	case err != nil:
		err = &os.PathError{Op: "preadv", Path: file.Name(), Err: err}
	case got == 0:
		err = io.ErrUnexpectedEOF
	}
	for left := got; left > 0; {
		f := frame{length: min(left, maxFrame), kind: dataFrame, stream: x.id}
		if left -= f.length; left == 0 && x.left == int64(got) && !x.trailing {
			f.flags = flagEndStream
		}
		b = f.append(b) // the payload follows already
		b = b[:len(b)+f.length]
	}
	*to = b
	return got, err
}

// submit sends frames of n octets, for which room was reserved.
func (x *Exchange) submit(b *[]byte, n, room int) error {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.reserved -= room
	err := x.dead()
	if err != nil {
		n = 0 // the connection goes on without this stream
	}
	if n < room {
		x.window += room - n
		c.window += room - n
		c.wakeAll()
	}
	switch {
	case n > 0 && c.out.pending == nil:
		c.out.pending, b = b, nil
	case n > 0:
		to := c.buffer()
		*to = append(*to, *b...)
	}
	if b != nil {
		c.server.release(b)
	}
	if err != nil {
		return err
	}
	x.left -= int64(n)
	x.pace.Add(n, 0)
	if x.left == 0 && n > 0 && !x.trailing {
		x.told()
	}
	c.flush()
	return nil
}
