package h1_test

import (
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/dram-go/dram/runner/front/h1"
)

// A server on loopback that greets, and says how large what it was sent is.
func Example() {
	s := h1.New(h1.Options{Body: 1 << 20}, func(x *h1.Exchange) {
		x.Start(http.StatusOK, http.Header{"Content-Type": {"text/plain"}})
		if body := x.Body(); body != nil {
			n, err := io.Copy(io.Discard, body)
			fmt.Fprintln(x, n, err)
			return
		}
		fmt.Fprintf(x, "hello, %s\n", x.Target())
	})
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go s.Serve(l)

	resp, err := http.Get("http://" + l.Addr().String() + "/you")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	io.Copy(fmtWriter{}, resp.Body)
	// Output: hello, /you
}

type fmtWriter struct{}

func (fmtWriter) Write(b []byte) (int, error) { return fmt.Print(string(b)) }
