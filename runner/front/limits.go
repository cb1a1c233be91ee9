package front

import (
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// limits are all the numbers that bound what a client, a worker or a master
// can cost the front.
type limits struct {
	line          int           // bytes of a request line
	head          int           // bytes of a request head
	fields        int           // of it
	headTime      time.Duration // time a client may take to send it
	handshakeTime time.Duration // time it may take for a TLS handshake
	keepAlive     time.Duration // life of an idle client connection
	body          int64         // bytes of a request body
	largest       int64         // bytes of a request body in any mount
	bodyPause     time.Duration // longest pause of a client within a body
	writePause    time.Duration // longest time a client may leave a write waiting
	rate          int           // bytes a second a client must send or take at least

	small   int64         // request bodies up to this are read whole before a worker is picked
	spool   int64         // bytes of request bodies in files that one mount may have
	ahead   aheadRules    // of responses that come faster than their clients take them
	whole   int64         // responses up to this are read whole before their head is sent
	held    int64         // bytes of such responses, from which on no other is
	dial    time.Duration // time until a worker takes a connection
	answer  time.Duration // time until a worker begins its response
	tries   int           // attempts for one request
	hold    time.Duration // time a request waits for a ready worker
	holders int           // requests that may wait at once
	pool    int           // idle connections kept for each worker
	idle    int           // idle connections kept for all workers
	crowd   int           // requests at a worker at once from which on they go by message
	leave   time.Duration // time a request waits that was at a death, so that it does not take the last worker
	doubt   time.Duration // time that others are preferred after a worker failed
	settle  time.Duration // time between the end of a connection and that of its link when a worker dies
	ending  time.Duration // the same of an upstream and its listener

	collects        bool // request bodies are read whole before an upstream is asked
	idempotencyKeys bool // the app knows the field: requests with it may be repeated

	grace time.Duration // time that requests get to end when the front ends by itself

	spare     int           // idle connections to a worker that are kept without need
	spareTime time.Duration // idle life of the others

	clients   int           // client connections
	rested    time.Duration // client connections that have been idle for less do not make room for others
	parting   time.Duration // time that idle clients have for a last request when all ends
	handshake time.Duration // time for those that were about to connect then

	engine newEngine // that serves clients in clear

	lease time.Duration // a table without news from the master is used this long
	retry time.Duration // first pause before a lost gateway is dialled again; doubles up to maxRetry
}

// maxRetry is the longest pause between two attempts to reach a gateway.
const maxRetry = 2 * time.Second

// newLimits are the limits of a front with this configuration. What has no
// setting follows nginx's defaults where it has one.
func newLimits(c *config.Config) limits {
	clients, idle := divide(openFiles())
	return limits{
		line:            int(c.Server.MaxURI),
		head:            int(c.Server.MaxHeader),
		fields:          c.Server.MaxFields,
		headTime:        c.Server.HeaderTimeout,
		handshakeTime:   10 * time.Second,
		keepAlive:       c.Server.KeepAlive,
		body:            int64(c.Server.MaxBody),
		bodyPause:       c.Server.BodyTimeout,
		writePause:      c.Server.WriteTimeout,
		rate:            int(c.Server.MinRate),
		small:           64 << 10,
		spool:           256 << 20,
		ahead:           aheadRules{slow: 100 * time.Millisecond, memory: 64 << 10, each: 64 << 20, all: 256 << 20},
		whole:           256 << 10,
		held:            128 << 20,
		dial:            5 * time.Second,
		answer:          c.Workers.RequestTimeout,
		tries:           5,
		hold:            10 * time.Second,
		holders:         1024,
		pool:            512,
		idle:            idle,
		crowd:           12,
		leave:           2 * time.Second,
		doubt:           time.Second,
		settle:          10 * time.Millisecond,
		ending:          100 * time.Millisecond,
		idempotencyKeys: c.Server.IdempotencyKeys,
		grace:           c.Workers.GracefulTimeout,
		spare:           8,
		spareTime:       5 * time.Second,
		clients:         clients,
		rested:          time.Second,
		parting:         time.Second,
		handshake:       100 * time.Millisecond,
		engine:          newLoop,
		lease:           control.Lease,
		retry:           50 * time.Millisecond,
	}
}
