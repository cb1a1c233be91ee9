package static

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// below opens files below a directory, and nothing else: links are followed as
// long as they stay within it. The kernel sees to that in one step; where it
// cannot (before Linux 5.6, or when a sandbox forbids it), os.Root does.
type below struct {
	root *os.Root
	dir  *os.File // the same directory
}

func openBelow(path string) (*below, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	dir, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &below{root, dir}, nil
}

// close ends the use of the directory, which was only read from.
func (b *below) close() {
	b.root.Close()
	b.dir.Close()
}

// open opens a file, but waits for no pipe.
func (b *below) open(name string) (*os.File, error) {
	fd, err := b.descriptor(name)
	if err == nil {
		return os.NewFile(uintptr(fd), name), nil
	}
	if !isNoAnswer(err) {
		return nil, &fs.PathError{Op: "openat2", Path: name, Err: err}
	}
	return b.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (b *below) descriptor(name string) (fd int, err error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	}
	for {
		if fd, err = unix.Openat2(int(b.dir.Fd()), name, &how); err != unix.EINTR {
			return fd, err
		}
	}
}

// isNoAnswer reports an error of openat2 that does not speak of the file. With
// EAGAIN something was renamed meanwhile.
func isNoAnswer(err error) bool {
	return err == unix.ENOSYS || err == unix.EPERM || err == unix.EAGAIN || err == unix.EINVAL || err == unix.E2BIG
}

// stamp says what a name stands for now, be it outside of the directory: which
// shows whether it is what was opened before, not whether it may be opened.
func (b *below) stamp(name string) (stamp, error) {
	var stat unix.Stat_t
	for {
		switch err := unix.Fstatat(int(b.dir.Fd()), name, &stat, 0); err {
		case nil:
			return stampOfStat(&stat), nil
		case unix.EINTR:
		default:
			return stamp{}, err
		}
	}
}

// read makes a form of a file's content.
func (b *below) read(name string) (*form, stamp, error) {
	fd, err := b.descriptor(name)
	if err == nil {
		return readDescriptor(fd, name)
	}
	content, err := b.open(name)
	if err != nil {
		return nil, stamp{}, err
	}
	return read(content)
}

// readDescriptor is read for small files without what an os.File costs. It
// owns fd.
func readDescriptor(fd int, name string) (*form, stamp, error) {
	var stat unix.Stat_t
	err := unix.Fstat(fd, &stat)
	if err != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG || stat.Size > inMemory {
		return read(os.NewFile(uintptr(fd), name))
	}
	defer unix.Close(fd) // only read from
	at := stampOfStat(&stat)
	body := make([]byte, stat.Size, stat.Size+fieldsRoom)
	for n := 0; n < len(body); {
		m, err := unix.Pread(fd, body[n:], int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, stamp{}, &fs.PathError{Op: "read", Path: name, Err: err}
		case m == 0:
			return nil, stamp{}, errMoving
		default:
			n += m
		}
	}
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, stamp{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	if stampOfStat(&stat) != at {
		return nil, stamp{}, errMoving
	}
	return &form{size: at.size, body: body}, at, nil
}

// read makes a form of the content of an open file, which it owns then.
func read(content *os.File) (*form, stamp, error) {
	info, err := content.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		content.Close()
		return nil, stamp{}, err
	}
	at := stampOf(info)
	if at.size > inMemory {
		return &form{size: at.size, content: content}, at, nil
	}
	defer content.Close()
	body := make([]byte, at.size, at.size+fieldsRoom)
	if _, err := content.ReadAt(body, 0); err != nil && err != io.EOF {
		return nil, stamp{}, err
	}
	again, err := content.Stat()
	switch {
	case err != nil:
		return nil, stamp{}, err
	case stampOf(again) != at:
		return nil, stamp{}, errMoving
	}
	return &form{size: at.size, body: body}, at, nil
}
