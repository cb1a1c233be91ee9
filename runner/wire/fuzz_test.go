package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// seed adds all vectors to the corpus.
func seed(f *testing.F, add func([]byte)) {
	files, err := filepath.Glob("testdata/*.hex")
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
}

// FuzzRequest: what is decoded means the same after it was encoded again.
func FuzzRequest(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	for _, b := range vectors() {
		f.Add(b[min(len(b), 16):])
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var first, second Request
		if ParseRequest(payload, &first) != nil {
			return
		}
		if err := ParseRequest(AppendRequest(nil, &first), &second); err != nil {
			t.Fatalf("%+v: %v", first, err)
		}
		for _, r := range []*Request{&first, &second} {
			for _, values := range r.Header {
				for i := range values {
					values[i] = strings.Trim(values[i], " \t") // as it is sent
				}
			}
		}
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v became %+v", first, second)
		}
	})
}

// FuzzConn gives a connection of each side arbitrary bytes: it ends with an
// error that is known, and keeps no buffer that it does not need.
func FuzzConn(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b, "GET"); f.Add(b, "HEAD") })
	f.Fuzz(func(t *testing.T, said []byte, method string) {
		if method == "" {
			return
		}
		bodies, err := readAsFront(scripted(Front, said), method, false)
		if again, other := readAsFront(scripted(Front, said), method, true); !bytes.Equal(again, bodies) || fmt.Sprint(other) != fmt.Sprint(err) {
			t.Fatalf("%q, %v; taken whole %q, %v", bodies, err, again, other)
		}
		for _, err := range []error{err, readAsWorker(scripted(Worker, said))} {
			var broken *ProtocolError
			var version *VersionError
			var abort *Abort
			known := errors.As(err, &broken) || errors.As(err, &version) || errors.As(err, &abort)
			if !known && err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				t.Fatalf("error %v", err)
			}
		}
		var text bytes.Buffer
		_ = Dump(&text, bytes.NewReader(said)) // must end
	})
}
