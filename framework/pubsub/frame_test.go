package pubsub

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestGoldenFrames: an old master relays for a new worker, so these bytes may
// never change.
func TestGoldenFrames(t *testing.T) {
	for want, got := range map[string][]byte{
		"00000003" + "01" + "00" + "01":                     appendFrame(nil, kindHello, "", []byte{version}),
		"00000007" + "02" + "03" + "712f31" + "3432":        appendMessage(nil, Message{Topic: "q/1", Data: []byte("42")}),
		"00000005" + "03" + "03" + "712f31":                 appendMessage(nil, Message{Topic: "q/1", Gap: true}),
		"00000002" + "03" + "00":                            appendMessage(nil, Message{Gap: true}),
		"00000004" + "02" + "01" + "78" + "00" + "00000002": append(appendMessage(nil, Message{Topic: "x", Data: []byte{0}}), 0, 0, 0, 2),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("frame %x, want %s", got, want)
		}
	}
}

func TestReadFrame(t *testing.T) {
	largest := appendMessage(nil, Message{Topic: strings.Repeat("t", MaxTopic), Data: make([]byte, MaxData)})
	if len(largest) != frameLength+maxFrame {
		t.Fatalf("the largest message has %d bytes", len(largest))
	}
	f, err := readFrame(bytes.NewReader(largest))
	if err != nil || len(f.topic()) != MaxTopic || len(f.data()) != MaxData {
		t.Errorf("the largest frame: %v", err)
	}
	if _, err := readFrame(strings.NewReader("")); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	for text, want := range map[string]string{
		"\x00\x00\x00\x01\x02":         "a frame of 1 bytes, expected 2 to 65536",
		"\x00\x01\x00\x01\x02":         "a frame of 65537 bytes",
		"\x00\x00\x00\x03\x02\x02x":    "a frame of 3 bytes with a topic of 2",
		"\x00\x00\x00\x05\x02\x01x":    "cut off: unexpected EOF",
		"\x00\x00":                     "unexpected EOF",
		"HTTP/1.1 400 Bad Request\r\n": "a frame of 1213486160 bytes",
	} {
		if _, err := readFrame(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestUnknownKindsAreSkipped: a newer version may say more.
func TestUnknownKindsAreSkipped(t *testing.T) {
	stream := appendFrame(nil, 77, "x", []byte("?"))
	stream = appendMessage(stream, Message{Topic: "x", Gap: true})
	c := &hubConn{r: bufio.NewReader(bytes.NewReader(stream))}
	if m, err := c.Receive(); err != nil || !m.Gap || m.Topic != "x" {
		t.Errorf("received %+v, %v", m, err)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(appendFrame(nil, kindHello, "", []byte{version}))
	f.Add(appendMessage(nil, Message{Topic: "q/1", Data: []byte("42")}))
	f.Add([]byte{0, 0, 0, 3, 2, 2, 'x'})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			before := len(stream) - r.Len()
			frame, err := readFrame(r)
			if err != nil {
				return
			}
			if again := appendFrame(nil, frame.kind(), frame.topic(), frame.data()); !bytes.Equal(again, stream[before:before+len(again)]) {
				t.Fatalf("read % x, written again % x", stream[before:], again)
			}
		}
	})
}
