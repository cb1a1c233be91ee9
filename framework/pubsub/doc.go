// Package pubsub tells the processes of an app what has changed: the bus
// between its workers. It speaks of nothing but topics and bytes, so any Go
// program can use it.
//
//	bus := pubsub.New(pubsub.Options{})
//	app.Add(bus) // Start, Close and Check
//
//	// The one who changes something says so, after the commit:
//	db.AfterCommit(ctx, func(ctx context.Context) { bus.Publish(ctx, "question/42", nil) })
//
//	// The one who shows it listens first, then reads, then waits:
//	changes := bus.Subscribe(ctx, "question/42")
//	show(read())
//	for range changes {
//		show(read())
//	}
//
// # Events carry no state
//
// A message says "this has changed", at most with an id or two; who hears it
// reads the present state from the database. This is no matter of taste.
// Delivery is at most once, and between two publishers there is no order: a
// state in a message could be lost or arrive after a later one, a "changed"
// that is lost is made good by reading.
//
// # At most once, and never silently less
//
// A message is delivered once or not at all, in the order of its publisher.
// Wherever one may have been lost the subscriber gets a mark instead, a
// [Message] with Gap set, in its place in the sequence:
//
//   - A subscriber that does not keep up: when its buffer is full, what is in
//     it gives way to one mark. Publishers never wait for anybody.
//   - A connection to the other processes that was lost and is back, or that
//     came up after the subscription began.
//   - Another process that could not pass on what it published.
//
// A mark asks for the same as a message: read again. A loop that does not look
// at its messages, like the one above, is right already. What no mark can make
// good is an event that had to be counted or answered; that is work for a
// table in the database.
//
// # Between processes
//
// With Options.Hub, or the variable DRAM_HUB, a [Node] is linked to those of
// other processes through a [Hub]: a relay at a unix socket that knows no
// topics and keeps nothing. The runner's master runs one for its workers, so
// both generations hear each other during a reload. Without a hub a Node
// reaches the subscribers of its own process, which is all there are under
// `run` and in tests.
//
// Subscribers in the publisher's own process are reached in any case, whether
// the hub is there or not. A Node connects again by itself. Package
// pubsub/postgres brings a [Link] through a PostgreSQL database instead, for
// processes on several machines.
//
// # Wire
//
// Both directions carry frames of a length in four bytes, big endian, and at
// most 64 KiB: a byte for the kind, a byte for the length of the topic, the
// topic, the data.
//
//	1 hello    hub to client, first of all: no topic, data is one byte, the
//	           highest version that the hub speaks (1)
//	2 message
//	3 gap      messages on the topic may be missing; without topic, on any
//
// From the hello on everything that others send reaches the client. A hub
// passes each frame on to all connections but the one it came from. Kinds that
// it does not know are passed on too, and skipped by the client that does not
// know them; a frame that is too long or shorter than its own topic ends the
// connection.
package pubsub
