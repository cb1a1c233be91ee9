package h2

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// Options bound what clients can cost. The zero value of a number or a time
// is its default. They mean what those of package h1 do.
type Options struct {
	Line   int // octets of method and path, with what HTTP/1.1 has around them; default 8 KiB
	Head   int // octets of the fields of a head, default 16 KiB
	Fields int // fields of a head, default 100
	// Body bounds the octets of a request body; a Read beyond it fails with
	// *http.MaxBytesError. The default is no bound.
	Body int64
	// Streams is how many requests a client may have under way at once, default
	// 128. Those that it resets count until their handlers have ended.
	Streams int

	HeadTime   time.Duration // for a frame or a head that has begun, and from the handshake to the first request; default 10 s
	KeepAlive  time.Duration // for the next request on a connection without any, default 75 s
	BodyPause  time.Duration // longest wait for the next octets of a body, default 30 s
	WritePause time.Duration // longest wait for a client to take something, default 60 s
	// Rate is how many octets a second a client must send of a body, and take
	// of a response, on the average of the time that it made us wait; the first
	// RateGrace of that is free. Defaults 240 and 10 s.
	Rate      int
	RateGrace time.Duration
	// LingerTime is how long we read what a client still sends on a connection
	// that we end, so that it gets the goodbye before a reset. Default 2 s.
	LingerTime time.Duration

	// Refused, if set, is told of each request that did not reach the handler,
	// and returns the answer to it: fields, and a body. Without fields it is a
	// line of text. A malformed request gets none.
	Refused func(by strict.Client, why *strict.Refusal) (fields http.Header, body []byte)
	// Base is the parent of the contexts of requests. Its values are seen, its
	// end is not: Server.Interrupt ends requests.
	Base context.Context
	Log  *slog.Logger // default: slog.Default
}

func (o Options) withDefaults() Options {
	o.Line = above(o.Line, 8<<10)
	o.Head = above(o.Head, 16<<10)
	o.Fields = above(o.Fields, 100)
	o.Streams = above(o.Streams, 128)
	o.Rate = above(o.Rate, 240)
	o.HeadTime = above(o.HeadTime, 10*time.Second)
	o.KeepAlive = above(o.KeepAlive, 75*time.Second)
	o.BodyPause = above(o.BodyPause, 30*time.Second)
	o.WritePause = above(o.WritePause, time.Minute)
	o.RateGrace = above(o.RateGrace, strict.RateGrace)
	o.LingerTime = above(o.LingerTime, 2*time.Second)
	if o.Base == nil {
		o.Base = context.Background()
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// above is n, or a default if n is not above zero.
func above[T cmp.Ordered](n, otherwise T) T {
	var zero T
	if n > zero {
		return n
	}
	return otherwise
}
