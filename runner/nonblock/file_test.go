//go:build linux

package nonblock

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSendFile(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	content := make([]byte, 3<<20)
	for i := range content {
		content[i] = byte(i>>16 ^ i>>8 ^ i)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	to, from := uintptr(fds[0]), file.Fd()
	if err := unix.Fsync(int(from)); err != nil { // what is not written yet would stay in memory
		t.Fatal(err)
	}
	// The second time it may have to come from the disk.
	for range 2 {
		if n, err := WriteMore(to, []byte("head")); n != 4 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		var got bytes.Buffer
		in := make([]byte, 64<<10)
		part := File{FD: from, Offset: 5}
		for full := 0; ; {
			n, err := part.SendTo(to, 1<<20)
			if err == syscall.EAGAIN {
				full++
				m, _ := Read(uintptr(fds[1]), in)
				got.Write(in[:m])
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				if full == 0 {
					t.Error("it was never full")
				}
				break
			}
		}
		for m := 1; m > 0; {
			m, _ = Read(uintptr(fds[1]), in)
			got.Write(in[:m])
		}
		if want := "head" + string(content[5:]); got.String() != want || part.Offset != int64(len(content)) {
			t.Errorf("%d octets of %d, offset %d", got.Len(), len(want), part.Offset)
		}
		if at, err := file.Seek(0, io.SeekCurrent); at != 0 || err != nil {
			t.Errorf("the file's own offset: %d, %v", at, err)
		}
		if err := unix.Fadvise(int(from), 0, 0, unix.FADV_DONTNEED); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := (&File{FD: 1 << 20}).SendTo(to, 1); n != 0 || err != syscall.EBADF {
		t.Errorf("no file: %d, %v", n, err)
	}
	unix.Shutdown(fds[1], unix.SHUT_RD)
	if n, err := WriteMore(to, []byte("head")); n != 0 || err != syscall.EPIPE {
		t.Errorf("nobody reads: %d, %v", n, err)
	}
}
