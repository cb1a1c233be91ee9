package control

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSocketWithALongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 40))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, SocketName)
	if _, err := Dial(t.Context(), path); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("dial without a socket: %v, want ErrNotRunning", err)
	}
	l, err := Bind(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("socket file %v, %v, want mode 0600", info, err)
	}
	ours, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	accepted, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	theirs := NewConn(accepted)
	defer theirs.Close()
	if err := theirs.CheckPeer(); err != nil {
		t.Fatalf("our own user is refused: %v", err)
	}
	if fd, err := ours.PeerProcess(); err != nil {
		t.Fatalf("no pidfd of the other side: %v", err)
	} else {
		unix.Close(fd)
	}
	l.Close()
	if _, err := Dial(t.Context(), path); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("dial to a stale socket: %v, want ErrNotRunning", err)
	}
	again, err := Bind(path)
	if err != nil {
		t.Fatalf("stale socket is not replaced: %v", err)
	}
	again.Close()
}
