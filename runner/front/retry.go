package front

import "net/http"

// failure is how an attempt at a worker failed before the client saw a byte
// of a response.
type failure int

const (
	// unreachable: the link is gone or took no connection. Nothing was sent.
	unreachable failure = iota
	// unsent: a connection ended before the worker got the request, or had read
	// it whole.
	unsent
	// lost: the worker died after bytes of the request were sent; it may have
	// acted before.
	lost
	// garbled: what came from the worker is not the gateway interface.
	garbled
	// aborted: the handler wants the client's connection to be cut.
	aborted
	// late: the worker did not begin its response in time.
	late
)

// attempts is what happened to a request so far.
type attempts struct {
	repeatable bool // the request may be carried out twice; see repeatable
	whole      bool // its body, if it has one, is in memory or still with the client
	ends       int  // attempts that ended as lost or garbled
	guilty     bool // the path has killed workers, see deaths
	tries      int  // all attempts
	limit      int  // of tries
}

// verdict is what to do after a failure.
type verdict struct {
	again  bool
	status int    // to answer when not again
	reason string // for the log
}

// decide is the whole policy of repeating requests.
func decide(f failure, a attempts) verdict {
	spent := a.tries >= a.limit
	switch f {
	case unreachable:
		return verdict{!spent, http.StatusServiceUnavailable, "no worker reachable"}
	case unsent:
		// Of a streamed body bytes may have been taken from the client.
		return verdict{!spent && a.whole, http.StatusBadGateway, "connection to the worker lost"}
	case lost:
		// One retry after a death: a request that kills workers must not kill
		// them all. See also waiting.leave.
		if a.guilty {
			return verdict{false, http.StatusBadGateway, "worker died, as another had at this path"}
		}
		return verdict{!spent && a.repeatable && a.ends <= 1, http.StatusBadGateway, "worker died"}
	case garbled:
		return verdict{!spent && a.repeatable && a.ends <= 1, http.StatusBadGateway, "worker broke the gateway interface"}
	default:
		return verdict{false, http.StatusGatewayTimeout, "worker timed out"}
	}
}

// repeatable reports whether a request may be sent a second time after a
// worker may have seen it: a safe method and no body. An Idempotency-Key is no
// such licence by itself; an app that does not know the field would act twice.
func repeatable(method string, body bool) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return !body
	}
	return false
}
