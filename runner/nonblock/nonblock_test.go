package nonblock

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReadAndWrite(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, b := uintptr(fds[0]), uintptr(fds[1])
	defer unix.Close(fds[0])
	in := make([]byte, 64)
	if n, err := Read(b, in); n != 0 || err != syscall.EAGAIN {
		t.Errorf("nothing there: %d, %v", n, err)
	}
	for _, c := range [][2]string{{"head", "body"}, {"head", ""}, {"", "body"}} {
		n, err := Write(a, []byte(c[0]), []byte(c[1]))
		if err != nil || n != len(c[0])+len(c[1]) {
			t.Errorf("%q: %d, %v", c, n, err)
		}
		if n, err := Read(b, in); err != nil || string(in[:n]) != c[0]+c[1] {
			t.Errorf("%q: read %q, %v", c, in[:n], err)
		}
	}
	large := bytes.Repeat([]byte("x"), 64<<10)
	for total := 0; ; {
		n, err := Write(a, large, large)
		if total += n; err == syscall.EAGAIN && n == 0 && total > 0 {
			break
		}
		if err != nil || total > 64<<20 {
			t.Fatalf("%d bytes, %v", total, err)
		}
	}
	unix.Close(fds[1])
	if n, err := Write(a, in, nil); n != 0 || err != syscall.EPIPE {
		t.Errorf("the other end is closed: %d, %v", n, err)
	}
	if n, err := Read(a, in); n != 0 || err != syscall.ECONNRESET {
		t.Errorf("what it had not read is lost: %d, %v", n, err)
	}
	if n, err := Read(a, in); n != 0 || err != nil {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

func TestProcessorTime(t *testing.T) {
	before := ProcessorTime()
	for deadline := time.Now().Add(10 * time.Second); ProcessorTime() <= before; {
		if time.Now().After(deadline) {
			t.Fatalf("still %v", before)
		}
	}
}
