package front

import (
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"

	"github.com/dram-go/dram/runner/front/cache"
)

// keeper is an exchange whose response may be kept.
//
// A response of known length is collected before the client gets any of it, so
// that a slow client does not make others wait who want the same. Others pass
// as they come, and are copied.
type keeper struct {
	exchange
	turn *turn
	fill *cache.Fill

	withheld bool    // conditions of the client, which the worker does not see
	fields   []field // the others
	request  *http.Request

	mode   keeperMode
	status int
	header http.Header
	length int
	body   []byte
}

type keeperMode int

const (
	undecided  keeperMode = iota
	passing               // nothing is kept
	copying               // what passes is kept
	collecting            // nothing passes before the end
)

// withhold hides the conditions of the request from the worker.
func (k *keeper) withhold() {
	k.withheld = true
	for i := range k.exchange.Fields() {
		if name, value := k.exchange.Field(i); !cache.IsCondition(name) {
			k.fields = append(k.fields, field{name, value})
		}
	}
}

func (k *keeper) Fields() int {
	if k.withheld {
		return len(k.fields)
	}
	return k.exchange.Fields()
}

func (k *keeper) Field(i int) (name, value string) {
	if k.withheld {
		return k.fields[i].name, k.fields[i].value
	}
	return k.exchange.Field(i)
}

func (k *keeper) Lookup(name string) string {
	if k.withheld && cache.IsCondition(name) {
		return ""
	}
	return k.exchange.Lookup(name)
}

func (k *keeper) Head() *http.Request {
	if !k.withheld {
		return k.exchange.Head()
	}
	if k.request == nil {
		r := k.exchange.Head()
		k.request = r.WithContext(r.Context())
		k.request.Header = maps.Clone(r.Header)
		maps.DeleteFunc(k.request.Header, func(name string, _ []string) bool { return cache.IsCondition(name) })
	}
	return k.request
}

// Begin and what follows it make a Start.
func (k *keeper) Begin(status int) bool {
	k.status, k.header = status, make(http.Header)
	return true
}

func (k *keeper) Add(name, value string) { k.header[name] = append(k.header[name], value) }

func (k *keeper) Announce(length int64) {
	k.header["Content-Length"] = []string{strconv.FormatInt(length, 10)}
}

func (k *keeper) Ready(dated bool) {
	if _, ok := k.header["Date"]; !ok && !dated {
		k.header["Date"] = nil
	}
	k.Start(k.status, k.header)
}

func (k *keeper) Start(status int, h http.Header) {
	length := int64(-1)
	if values := h["Content-Length"]; len(values) == 1 {
		if n, err := strconv.ParseUint(values[0], 10, 63); err == nil {
			length = int64(n)
		}
	}
	why, public := k.fill.Head(status, h, length)
	switch {
	case why != "":
		k.mode = passing
		if public {
			tellCache(h, "fwd="+k.fill.Why()+"; detail="+strconv.Quote("not stored because "+why))
		}
	case length < 0:
		k.mode = copying
	default:
		k.mode = collecting
		k.length = int(length) // no more than Options.MaxEntry
	}
	if why == "" {
		k.turn.cache = "stored"
		tellCache(h, "fwd="+k.fill.Why()+"; stored")
	}
	if k.mode == collecting {
		k.status, k.header = status, h
		k.body = make([]byte, 0, k.length)
		return
	}
	k.exchange.Start(status, h)
}

func (k *keeper) Write(b []byte) (int, error) {
	switch k.mode {
	case collecting:
		k.body = append(k.body, b...)
		if len(k.body) == k.length {
			k.complete()
		}
		return len(b), nil
	case copying:
		if k.body = append(k.body, b...); k.fill.Exceeds(len(k.body)) {
			k.mode, k.body = passing, nil
		}
	}
	return k.exchange.Write(b)
}

func (k *keeper) ReadFrom(r io.Reader) (int64, error) {
	if k.mode == passing {
		return k.exchange.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{k}, r)
}

func (k *keeper) SendFile(f *os.File, offset, n int64) (int64, error) {
	if k.mode == passing {
		return sendFile(k.exchange, f, offset, n)
	}
	return k.ReadFrom(io.NewSectionReader(f, offset, n))
}

func (k *keeper) Flush() error {
	if k.mode == collecting {
		return nil
	}
	return k.exchange.Flush()
}

// Trailer says that the response has more than can be kept.
func (k *keeper) Trailer(h http.Header) {
	k.fill.Fail(false)
	k.mode = passing
	k.exchange.Trailer(h)
}

func (k *keeper) Upgrade(h http.Header) (stream, error) {
	k.fill.Fail(false)
	k.mode = passing
	return k.exchange.Upgrade(h)
}

func (k *keeper) Abort() {
	k.fill.Fail(k.exchange.Gone() != nil)
	k.release()
	k.exchange.Abort()
}

// complete keeps a response that was collected, and answers with it.
func (k *keeper) complete() {
	k.fill.Keep(k.body)
	k.mode = passing
	t := k.turn
	t.exchange = k.exchange
	t.started = false
	t.bytes -= int64(len(k.body)) // the turn counts what we collected, too
	if k.withheld {
		t.sendWhole(k.status, k.header, k.body)
		return
	}
	t.Start(k.status, k.header)
	_, _ = t.Write(k.body) // a client that is gone has ended the context
}

// release passes on what was collected of a response that is not whole.
func (k *keeper) release() {
	if k.mode != collecting {
		return
	}
	k.mode = passing
	k.exchange.Start(k.status, k.header)
	_, _ = k.exchange.Write(k.body)
}

// end follows the end of the turn.
func (k *keeper) end() {
	switch k.mode {
	case collecting:
		if len(k.body) == k.length { // of no bytes
			k.complete()
		}
		k.release()
	case copying:
		k.fill.Keep(k.body)
	}
	k.fill.Fail(false)
}
