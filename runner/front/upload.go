package front

import (
	"io"
	"net/http"
	"sync"
)

// upload is the body of a request on its way to one worker.
type upload struct {
	*clientBody
	watch   *watch
	request *http.Request
	trailer http.Header // of the request to the worker

	mu   sync.Mutex
	read bool // bytes may have been taken from the client
	dead bool // this worker gets no more
}

func (u *upload) Read(b []byte) (int, error) {
	if !u.begin() {
		return 0, errInterrupted
	}
	u.watch.pause()
	defer u.watch.resume()
	n, err := u.clientBody.Read(b)
	if err == io.EOF { // now net/http has the trailer
		for name := range u.trailer {
			u.trailer[name] = u.request.Trailer[name]
		}
	}
	return n, err
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
		u.clientBody.interrupt()
	}
	return !u.read
}

// announcedTrailer has the names of the fields that will follow the body, as
// far as they are for the worker: what holds for a header holds here, too.
func announcedTrailer(r *http.Request) http.Header {
	named := connectionNames(r.Header)
	var trailer http.Header
	for name := range r.Trailer {
		if withheld(name, named) {
			continue
		}
		if trailer == nil {
			trailer = make(http.Header, len(r.Trailer))
		}
		trailer[name] = nil
	}
	return trailer
}
