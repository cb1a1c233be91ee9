package front

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/dram-go/dram/runner/wire"
)

// upload is the body of a request on its way to one worker. It is sent by a
// goroutine of its own, because the response may begin before its end.
type upload struct {
	requestBody
	watch   *watch
	request *http.Request
	up      *upstream
	trailer []string // names of the fields that may follow

	mu   sync.Mutex
	read bool // bytes may have been taken from the client
	dead bool // this worker gets no more

	begun bool
	whole bool          // all was sent; valid when done is closed
	done  chan struct{} // closed when the goroutine has ended
}

// start sends the body, once.
func (u *upload) start(chunks *sync.Pool) {
	if u.begun {
		return
	}
	u.begun = true
	u.done = make(chan struct{})
	go func() {
		defer close(u.done)
		u.whole = u.send(chunks)
	}()
}

// send reports whether the body was sent to its end. If it cannot be, the
// connection is closed, which ends the waiting for a response.
func (u *upload) send(chunks *sync.Pool) bool {
	chunk := chunks.Get().(*[]byte)
	defer chunks.Put(chunk)
	for {
		n, err := u.Read(*chunk)
		switch {
		case err == io.EOF:
			return u.end((*chunk)[:n]) == nil
		case err != nil:
			u.up.NetConn().Close()
			return false
		case u.up.WriteBody((*chunk)[:n], false) != nil:
			return false // the reader of the response finds out why
		}
	}
}

// end sends the last bytes and the trailer.
func (u *upload) end(last []byte) error {
	trailer := make(http.Header)
	for _, name := range u.trailer {
		if values := u.request.Trailer[name]; len(values) > 0 { // the engine has it now
			trailer[name] = values
		}
	}
	if len(trailer) == 0 {
		return u.up.WriteBody(last, true)
	}
	if len(last) > 0 {
		if err := u.up.WriteBody(last, false); err != nil {
			return err
		}
	}
	return u.up.WriteTrailer(trailer)
}

// errInterrupted ends a Read after interrupt.
var errInterrupted = errors.New("front: body no longer wanted")

func (u *upload) Read(b []byte) (int, error) {
	if !u.begin() {
		return 0, errInterrupted
	}
	u.watch.pause()
	defer u.watch.resume()
	return u.requestBody.Read(b)
}

func (u *upload) begin() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.read = u.read || !u.dead
	return !u.dead
}

// interrupt ends the reading for this worker and reports whether another can
// still get the body.
func (u *upload) interrupt() (whole bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dead = true
	if u.read {
		u.requestBody.interrupt()
	}
	return !u.read
}

// finish ends the sending with the exchange and reports whether the worker has
// got everything, so that the connection can be used again.
func (u *upload) finish() bool {
	if u == nil {
		return true
	}
	if !u.begun {
		return false
	}
	select {
	case <-u.done:
		return u.whole
	default:
	}
	// The worker did not want all of it.
	u.interrupt()
	u.up.NetConn().Close()
	<-u.done
	return false
}

// announcedTrailer has the names of the fields that will follow the body, as
// far as they are for the worker: what holds for a header holds here, too.
func announcedTrailer(r *http.Request) []string {
	named := connectionNames(r.Header)
	var trailer []string
	for name := range r.Trailer {
		if !withheld(name, named) {
			trailer = append(trailer, name)
		}
	}
	slices.Sort(trailer)
	return trailer
}

// announce adds the field that names what will follow the body.
func announce(fields []byte, trailer []string) []byte {
	if len(trailer) == 0 {
		return fields
	}
	return wire.AppendField(fields, "Trailer", strings.Join(trailer, ", "))
}
