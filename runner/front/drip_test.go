package front

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// dripping gives and takes a byte each second.
type dripping struct{ *httptest.ResponseRecorder }

func (dripping) Read(b []byte) (int, error) {
	time.Sleep(time.Second)
	return copy(b, "x"), nil
}

func (dripping) Close() error { return nil }

func (d dripping) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(len(b)) * time.Second)
	return len(b), nil
}

// TestDripsEnd with net/http's server, too: pauses alone are not what counts.
// Package h1 has tests of its own.
func TestDripsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := dripping{httptest.NewRecorder()}
		l := &limits{rate: 240, bodyPause: 30 * time.Second, writePause: time.Minute}
		body := &clientBody{raw: client, limited: client, control: http.NewResponseController(client), limits: l}
		begun := time.Now()
		n, err := io.Copy(io.Discard, body)
		if took := time.Since(begun); !errors.Is(err, os.ErrDeadlineExceeded) || took < 10*time.Second || took > 12*time.Second {
			t.Errorf("a body that drips: %d bytes in %v, %v", n, took, err)
		}
		x := &httpExchange{w: client, control: http.NewResponseController(client), limits: l}
		begun = time.Now()
		for err = nil; err == nil; {
			_, err = x.Write([]byte("x"))
		}
		if took := time.Since(begun); !errors.Is(err, os.ErrDeadlineExceeded) || took < 10*time.Second || took > 12*time.Second {
			t.Errorf("a reader that drips: %v, %v", took, err)
		}
	})
}
