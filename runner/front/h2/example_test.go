package h2_test

import (
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/dram-go/dram/runner/front/h2"
)

func Example() {
	server := h2.New(h2.Options{}, func(x *h2.Exchange) {
		x.Start(http.StatusOK, http.Header{"Content-Type": {"text/plain"}})
		fmt.Fprintf(x, "%s %s\n", x.Method(), x.Target())
	})
	defer server.Close()

	var config *tls.Config // with certificates, and "h2" in NextProtos
	accept := func(n net.Conn) {
		conn := tls.Server(n, config)
		if err := conn.Handshake(); err != nil {
			log.Print(err)
			n.Close()
			return
		}
		server.Take(conn, func() {})
	}
	_ = accept // called for each connection
}
