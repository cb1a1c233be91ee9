package wire

import (
	"bytes"
	"encoding/hex"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata anew")

// ordered appends fields in an order of their own, which vectors need.
func ordered(b []byte, fields ...string) []byte {
	for i := 0; i < len(fields); i += 2 {
		b = AppendField(b, fields[i], fields[i+1])
	}
	return AppendEnd(b)
}

// build makes a frame of a payload.
func build(kind Kind, end bool, payload []byte) []byte {
	b := append(make([]byte, headerSize), payload...)
	putHeader(b, kind, end, len(payload))
	return b
}

func helloFrame(side Side, min, max byte) []byte {
	return build(KindHello, false, appendHello(nil, Hello{Side: side, Min: min, Max: max}))
}

func requestFrame(r Request, end bool, fields ...string) []byte {
	payload := AppendRequest(nil, &r)
	return build(KindRequest, end, ordered(payload[:len(payload)-1], fields...))
}

func responseFrame(r Response, end bool, fields ...string) []byte {
	return build(KindResponse, end, ordered(AppendResponse(nil, &r), fields...))
}

func askFrame(r Request, fields ...string) []byte {
	payload := AppendRequest(nil, &r)
	return build(KindAsk, true, ordered(payload[:len(payload)-1], fields...))
}

func answerFrame(r Response, body string, fields ...string) []byte {
	list := ordered(nil, fields...)
	return appendAnswer(nil, r.Exchange, &r, list[:len(list)-1], []byte(body))
}

func vectors() map[string][]byte {
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	get := Request{Exchange: 1, Method: "GET", Target: "/questions/7?page=2", Host: "qna.example", Major: 1, Minor: 1,
		Facts: Facts{Client: "203.0.113.9:51234", Local: "192.0.2.1:80", Scheme: "http", ID: "k3j9x2m4q7ab", Remaining: 60 * time.Second}}
	secure := Request{Exchange: 2, Method: "POST", Target: "/login", Host: "qna.example", Major: 2, Length: 9, Whole: true,
		Facts: Facts{Client: "[2001:db8::7]:443", Scheme: "https", Locale: "ko", Mount: "/board", ID: "a", TLS: &TLS{Version: 0x304, Cipher: 0x1301, Protocol: "h2", Server: "qna.example"}}}
	also, then := get, get
	also.Exchange, then.Exchange = 2, 2
	upload := Request{Exchange: 3, Method: "PUT", Target: "/file", Host: "qna.example", Major: 1, Minor: 1, Length: -1, Expects: true}
	return map[string][]byte{
		"front": join(helloFrame(Front, 1, 1),
			requestFrame(get, true, "Accept-Language", "ko-KR,ko;q=0.9", "Cookie", "session=secret", "X-Custom", "1"),
			requestFrame(secure, false, "Content-Type", "application/x-www-form-urlencoded", "Authorization", "Basic c2VjcmV0"),
			build(KindBody, true, []byte("name=dram")),
			requestFrame(upload, false, "Trailer", "X-Sum"),
			build(KindBody, false, []byte("part one ")), build(KindBody, false, nil), build(KindBody, false, []byte("part two")),
			build(0x3f|flagOptional, false, []byte("from the future")),
			build(KindTrailer, true, ordered(nil, "X-Sum", "42")),
		),
		"worker": join(helloFrame(Worker, 1, 1),
			responseFrame(Response{Exchange: 1, Status: 103, Length: -1}, false, "Link", "</app.css>; rel=preload"),
			responseFrame(Response{Exchange: 1, Status: 200, Length: 5}, false, "Content-Type", "text/html; charset=utf-8", "Set-Cookie", "session=secret; Path=/"),
			build(KindBody, true, []byte("hello")),
			responseFrame(Response{Exchange: 2, Status: 303, Length: 0}, true, "Location", "/"),
			responseFrame(Response{Exchange: 3, Status: 100, Length: -1}, false),
			responseFrame(Response{Exchange: 3, Status: 201, Length: -1, Last: true}, false, "Trailer", "X-Sum"),
			build(KindBody, false, bytes.Repeat([]byte("x"), 100)),
			build(KindTrailer, true, ordered(nil, "X-Sum", "42")),
		),
		"upgrade": join(helloFrame(Worker, 1, 1),
			responseFrame(Response{Exchange: 1, Status: 101, Length: -1}, true, "Connection", "Upgrade", "Upgrade", "websocket"),
			[]byte("\x81\x05hello"),
		),
		"abort": join(helloFrame(Worker, 1, 1),
			responseFrame(Response{Exchange: 1, Status: 200, Length: 10}, false),
			build(KindBody, false, []byte("half")),
			build(KindAbort, false, appendString([]byte{byte(AbortHandler)}, "http: abort Handler")),
		),
		"messages-front": join(build(KindHello, false, appendHello(nil, Hello{Side: Front, Min: 1, Max: 1, Features: FeatureMessages})),
			askFrame(get, "Accept-Language", "ko", "Cookie", "session=secret"), askFrame(also),
			appendTicket(nil, KindCancel, 1, 0), appendTicket(nil, KindCancel, 2, 300),
		),
		"messages-worker": join(build(KindHello, false, appendHello(nil, Hello{Side: Worker, Min: 1, Max: 1, Features: FeatureMessages})),
			answerFrame(Response{Exchange: 2, Status: 200, Length: 5}, "hello", "Content-Type", "text/plain", "Set-Cookie", "session=secret"),
			answerFrame(Response{Exchange: 1, Status: 304, Length: -1, Last: true}, ""),
			appendTicket(nil, KindMove, 3, 300),
			build(KindAbort, false, appendString([]byte{byte(AbortBroken)}, "what is this?")),
		),
		"claim":     join(helloFrame(Front, 1, 1), build(KindClaim, true, []byte{0xac, 0x02}), requestFrame(then, true)),
		"violation": join(helloFrame(Worker, 1, 1), build(KindBody, true, []byte("out of the blue"))),
		"version":   helloFrame(Worker, 7, 9),
		"cut":       responseFrame(Response{Exchange: 1, Status: 200}, false, "Server", "x")[:9],
	}
}

// TestVectors compares what this build writes with the bytes in testdata, and
// what it reads of them with the text there.
func TestVectors(t *testing.T) {
	for name, made := range vectors() {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			_ = Dump(&text, bytes.NewReader(made)) // some are faulty; the text says so
			path := filepath.Join("testdata", name)
			if *update {
				os.WriteFile(path+".hex", []byte(hexLines(made)), 0o644)
				os.WriteFile(path+".txt", text.Bytes(), 0o644)
			}
			wantHex, err := os.ReadFile(path + ".hex")
			if err != nil {
				t.Fatal(err)
			}
			wantText, err := os.ReadFile(path + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if got := hexLines(made); got != string(wantHex) {
				t.Errorf("bytes:\n%swant:\n%s", got, wantHex)
			}
			if text.String() != string(wantText) {
				t.Errorf("text:\n%swant:\n%s", &text, wantText)
			}
			if strings.Contains(text.String(), "secret") || strings.Contains(text.String(), "c2VjcmV0") {
				t.Error("the text has a secret")
			}
		})
	}
}

func hexLines(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		line := b[:min(len(b), 32)]
		b = b[len(line):]
		s.WriteString(hex.EncodeToString(line) + "\n")
	}
	return s.String()
}

// TestTheTableOfNamesOnlyGrows: an entry that moved would be read as another.
func TestTheTableOfNamesOnlyGrows(t *testing.T) {
	for name, want := range map[string]byte{"Accept": 2, "Content-Type": 28, "Set-Cookie": 75, "X-Requested-With": 98} {
		if codes[name] != want {
			t.Errorf("%s has the code %d, want %d", name, codes[name], want)
		}
	}
	if len(codes) != len(names) {
		t.Error("a name is in the table twice")
	}
	for _, name := range names {
		if http.CanonicalHeaderKey(name) != name {
			t.Errorf("%s is not canonical", name)
		}
	}
}
