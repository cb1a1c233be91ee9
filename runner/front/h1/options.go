package h1

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// Options bound what clients can cost. The zero value of a number or a time
// is its default.
type Options struct {
	Line   int // octets of a request line, default 8 KiB
	Head   int // octets of the field lines of a head, default 16 KiB
	Fields int // field lines of a head, default 100
	// Body bounds the octets of a request body; a Read beyond it fails with
	// *http.MaxBytesError. The default is no bound.
	Body int64

	HandshakeTime time.Duration // for a TLS handshake, default 10 s
	HeadTime      time.Duration // from the first octet of a head to its last, and from accept to the first; default 10 s
	KeepAlive     time.Duration // for the next request on a connection, default 75 s
	BodyPause     time.Duration // longest wait for the next octets of a body, default 30 s
	WritePause    time.Duration // longest wait for a client to take something, default 60 s
	// Rate is how many octets a second a client must send of a body, and take
	// of a response, on the average of the time that it made us wait; the first
	// RateGrace of that is free. Defaults 240 and 10 s.
	Rate      int
	RateGrace time.Duration
	// LingerTime is the longest wait for what a client still sends on a
	// connection that we end, so that it gets the response before a reset. The
	// whole may take five times that. Default 2 s.
	LingerTime time.Duration

	// TLS, if set, is how connections of ServeTLS are encrypted. One that
	// chose "h2" by ALPN is handed to H2, which must not block, and call closed
	// when it has closed the connection.
	TLS *tls.Config
	H2  func(conn *tls.Conn, closed func())

	// Admit, if set, is asked about each accepted connection; leave is called
	// after it was closed. Without ok it is closed at once.
	Admit func(remote net.Addr) (leave func(), ok bool)
	// Refused, if set, is told of each request that did not reach the handler,
	// and returns the answer to it: fields, and a body. Without fields it is a
	// line of text.
	Refused func(by strict.Client, why *strict.Refusal) (fields http.Header, body []byte)
	// Base is the parent of the contexts of requests. Its values are seen, its
	// end is not: Server.Interrupt ends requests.
	Base context.Context
	Log  *slog.Logger // default: slog.Default
}

func (o Options) withDefaults() Options {
	number := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	span := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	number(&o.Line, 8<<10)
	number(&o.Head, 16<<10)
	number(&o.Fields, 100)
	number(&o.Rate, 240)
	o.Line = min(o.Line, maxHead/4)
	o.Head = min(o.Head, maxHead/2)
	span(&o.HandshakeTime, 10*time.Second)
	span(&o.HeadTime, 10*time.Second)
	span(&o.KeepAlive, 75*time.Second)
	span(&o.BodyPause, 30*time.Second)
	span(&o.WritePause, time.Minute)
	span(&o.RateGrace, strict.RateGrace)
	span(&o.LingerTime, 2*time.Second)
	if o.Base == nil {
		o.Base = context.Background()
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}
