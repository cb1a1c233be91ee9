package wire

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// TestWhole takes a body that came with its head without a copy, and leaves
// everything else to reading.
func TestWhole(t *testing.T) {
	head := func(length int64) func(w *Conn, body string, end bool) {
		return func(w *Conn, body string, end bool) {
			buffer := append(make([]byte, Headroom), body...)
			must(t, w.WriteHead(&Response{Status: 200, Length: length}, AppendField(nil, "X-Odd", "1"), buffer, Headroom, end))
		}
	}
	for name, c := range map[string]struct {
		say   func(w *Conn)
		want  string
		whole bool
	}{
		"with its head":   {func(w *Conn) { head(4)(w, "page", true) }, "page", true},
		"unknown length":  {func(w *Conn) { head(-1)(w, "page", true) }, "page", true},
		"in parts":        {func(w *Conn) { head(-1)(w, "pa", false); must(t, w.WriteBody([]byte("ge"), true)) }, "page", false},
		"over the buffer": {func(w *Conn) { head(-1)(w, strings.Repeat("x", bufferSize), true) }, strings.Repeat("x", bufferSize), false},
		"none":            {func(w *Conn) { must(t, w.WriteResponse(&Response{Status: 200}, nil, true)) }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			front, worker := pair(t)
			for range 2 {
				_, err := front.WriteRequest(&Request{Method: "GET", Target: "/"}, nil, true)
				must(t, err)
				_, err = worker.ReadRequest(new(Request))
				must(t, err)
				c.say(worker)
				var r Response
				must(t, front.ReadHead(&r, "GET"))
				if r.Header != nil || c.want != "" && r.Fields.Get("X-Odd") != "1" {
					t.Errorf("head %+v", r)
				}
				body, whole := front.Whole()
				if whole != c.whole || whole && string(body) != c.want {
					t.Errorf("%q, %t", body, whole)
				}
				rest, err := io.ReadAll(front)
				if must(t, err); string(body)+string(rest) != c.want || !front.Rested() || front.in.buffer != nil {
					t.Errorf("%d bytes, rested %t", len(body)+len(rest), front.Rested())
				}
			}
		})
	}
}

func TestFieldsInTheirOrder(t *testing.T) {
	list := AppendField(AppendField(AppendField(nil, "X-Odd", "1"), "accept", "*/*"), "X-Odd", "2")
	var r Response
	must(t, ParseResponse(AppendEnd(append(AppendResponse(nil, &Response{Status: 200}), list...)), &r))
	var got []string
	for f := r.Fields; ; {
		name, value, ok := f.Next()
		if !ok {
			break
		}
		got = append(got, name+": "+value)
	}
	if want := []string{"X-Odd: 1", "Accept: */*", "X-Odd: 2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if want := (http.Header{"X-Odd": {"1", "2"}, "Accept": {"*/*"}}); !reflect.DeepEqual(r.Fields.Header(), want) || !reflect.DeepEqual(r.Header, want) {
		t.Errorf("%v, %v", r.Fields.Header(), r.Header)
	}
	if r.Fields.Get("Accept") != "*/*" || r.Fields.Get("Age") != "" || Fields("").Get("Age") != "" {
		t.Error("Get finds what is not there")
	}
}
