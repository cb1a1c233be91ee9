package wire

// Side is who sends.
type Side byte

// The sides of a connection. The numbers are part of the protocol (HELLO).
const (
	Front  Side = 1
	Worker Side = 2
)

func (s Side) String() string {
	if s == Front {
		return "front"
	}
	return "worker"
}

// other is the side that receives what s sends.
func (s Side) other() Side { return Front + Worker - s }

// phase is how far one direction of a connection is.
type phase byte

const (
	atHello phase = iota // HELLO must come
	atRest               // between messages; from a worker nothing may come
	atHead               // the head of a response must come
	atBody               // the body of a message goes on
	atRaw                // an upgraded connection: no frames any more
	atEnd                // after ABORT: nothing may come
)

// step is the whole grammar of the protocol: the phase after a frame of this
// kind from this side. status is that of a RESPONSE.
func (p phase) step(from Side, f frame, status int) (phase, error) {
	next := atRest
	if !f.end {
		next = atBody
	}
	switch {
	case f.kind == KindHello && p == atHello && !f.end:
		return atRest, nil
	case f.kind == KindRequest && p == atRest && from == Front:
		return next, nil
	case f.kind == KindClaim && p == atRest && from == Front && f.end:
		return atRest, nil
	case f.kind == KindResponse && p == atHead && from == Worker:
		switch {
		case status == 101 && !f.end:
			return p, violation("RESPONSE 101 without the END flag")
		case status == 101:
			return atRaw, nil
		case status < 200 && f.end:
			return p, violation("informational RESPONSE with the END flag")
		case status < 200:
			return atHead, nil
		}
		return next, nil
	case f.kind == KindBody && p == atBody:
		return next, nil
	case f.kind == KindTrailer && p == atBody && f.end:
		return atRest, nil
	case f.kind == KindAbort && from == Worker && p != atHello && p != atRaw && p != atEnd:
		return atEnd, nil
	}
	return p, violation("%s frame of the %s (END %t) where none may come", f.kind, from, f.end)
}
