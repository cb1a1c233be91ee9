package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// secret are the fields whose values a dump leaves out.
var secret = map[string]bool{
	"Authorization": true, "Cookie": true, "Proxy-Authorization": true, "Set-Cookie": true,
}

// bodyShown is how much of each BODY a dump shows.
const bodyShown = 64

// Dump writes what one side of a connection has sent, read from r, in words:
// a line for each frame with its offset, and what is in it. Values of cookies
// and of authorization fields are left out. A violation of the protocol ends
// the dump with that error; so does a stream that ends within a frame, with
// io.ErrUnexpectedEOF.
func Dump(w io.Writer, r io.Reader) error {
	out := bufio.NewWriter(w)
	d := dumper{w: out, r: bufio.NewReader(r)}
	err := d.run()
	if err != nil {
		fmt.Fprintf(out, "%08x  %v\n", d.offset, err)
	}
	return errors.Join(err, out.Flush())
}

type dumper struct {
	w      *bufio.Writer
	r      *bufio.Reader
	offset int
	side   Side
	phase  phase

	messages bool // a frame has shown that this is a message connection
}

func (d *dumper) run() error {
	for {
		if d.phase == atRaw {
			n, err := io.Copy(io.Discard, d.r)
			fmt.Fprintf(d.w, "%08x  %d raw bytes\n", d.offset, n)
			return err
		}
		var head [headerSize]byte
		if _, err := io.ReadFull(d.r, head[:]); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		f, err := parseHeader(head[:])
		if err != nil {
			return err
		}
		payload := make([]byte, f.length)
		if _, err := io.ReadFull(d.r, payload); err != nil {
			return unexpected(err)
		}
		if err := d.frame(f, payload); err != nil {
			return err
		}
		d.offset += headerSize + f.length
	}
}

// frame prints one frame.
func (d *dumper) frame(f frame, payload []byte) error {
	end := ""
	if f.end {
		end = " END"
	}
	fmt.Fprintf(d.w, "%08x  %s %d bytes%s\n", d.offset, f.kind, f.length, end)
	if !f.kind.known() {
		if !f.optional {
			return violation("%s frame, which is unknown here and not optional", f.kind)
		}
		return nil
	}
	status, err := d.content(f, payload)
	if err != nil {
		return err
	}
	if d.messages && f.kind != KindHello {
		return f.byMessage(d.side)
	}
	if d.side == Worker && f.kind == KindResponse && d.phase == atRest {
		d.phase = atHead // the request is in the other direction
	}
	d.phase, err = d.phase.step(d.side, f, status)
	return err
}

func (d *dumper) content(f frame, payload []byte) (status int, err error) {
	switch f.kind {
	case KindHello:
		h, err := parseHello(payload)
		d.side = h.Side
		fmt.Fprintf(d.w, "          %s, versions %d to %d, features %#x\n", h.Side, h.Min, h.Max, h.Features)
		return 0, err
	case KindRequest:
		var r Request
		err := ParseRequest(payload, &r)
		d.request(&r)
		return 0, err
	case KindResponse:
		var r Response
		err := ParseResponse(payload, &r)
		fmt.Fprintf(d.w, "          exchange %d: %d %s, %s%s\n", r.Exchange, r.Status, http.StatusText(r.Status), length(r.Length), when(r.Last, ", LAST"))
		d.fields(r.Header)
		return r.Status, err
	case KindTrailer:
		in := reader{rest: string(payload)}
		d.fields(in.fields())
		return 0, in.end()
	case KindAbort:
		a, err := parseAbort(payload)
		fmt.Fprintf(d.w, "          code %d: %s\n", a.Code, a.Text)
		return 0, err
	case KindAsk:
		var r Request
		err := ParseRequest(payload, &r)
		d.messages = true
		d.request(&r)
		return 0, err
	case KindAnswer:
		d.messages = true
		return 0, d.answer(payload)
	case KindMove, KindCancel:
		id, ticket, err := parseTicket(payload)
		d.messages = true
		fmt.Fprintf(d.w, "          exchange %d, ticket %d\n", id, ticket)
		return 0, err
	case KindClaim:
		var r Request
		err := parseClaim(payload, &r)
		fmt.Fprintf(d.w, "          ticket %d\n", r.Claim)
		return 0, err
	default:
		shown := payload[:min(len(payload), bodyShown)]
		fmt.Fprintf(d.w, "          %q%s\n", shown, when(len(shown) < len(payload), "…"))
		return 0, nil
	}
}

// answer prints an ANSWER, to whatever method.
func (d *dumper) answer(payload []byte) error {
	var r Response
	body, err := splitAnswer(payload, &r)
	fmt.Fprintf(d.w, "          exchange %d: %d %s, %s%s\n", r.Exchange, r.Status, http.StatusText(r.Status), length(r.Length), when(r.Last, ", LAST"))
	d.fields(r.Fields.Header())
	if len(body) > 0 {
		shown := body[:min(len(body), bodyShown)]
		fmt.Fprintf(d.w, "          %q%s\n", shown, when(len(shown) < len(body), "…"))
	}
	return err
}

func (d *dumper) request(r *Request) {
	fmt.Fprintf(d.w, "          exchange %d: %s %s at %s, HTTP/%d.%d, %s%s%s\n", r.Exchange, r.Method, r.Target, r.Host, r.Major, r.Minor,
		length(r.Length), when(r.Expects, ", waits for 100"), when(r.Whole, ", whole"))
	f := r.Facts
	for _, fact := range []struct{ name, value string }{
		{"client", f.Client}, {"local", f.Local}, {"scheme", f.Scheme}, {"locale", f.Locale}, {"mount", f.Mount}, {"id", f.ID},
		{"files", strings.ReplaceAll(f.Files, "\x00", " ")},
	} {
		if fact.value != "" {
			fmt.Fprintf(d.w, "          (%s %s)\n", fact.name, fact.value)
		}
	}
	if f.Remaining > 0 {
		fmt.Fprintf(d.w, "          (remaining %s)\n", f.Remaining)
	}
	if f.TLS != nil {
		fmt.Fprintf(d.w, "          (tls version %#04x, cipher %#04x, protocol %q, server %q)\n", f.TLS.Version, f.TLS.Cipher, f.TLS.Protocol, f.TLS.Server)
	}
	d.fields(r.Header)
}

func (d *dumper) fields(h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			if secret[name] {
				value = fmt.Sprintf("(%d bytes left out)", len(value))
			}
			fmt.Fprintf(d.w, "          %s: %s\n", name, value)
		}
	}
}

func length(n int64) string {
	if n < 0 {
		return "unknown length"
	}
	return fmt.Sprintf("%d bytes of body", n)
}

func when(b bool, text string) string {
	if b {
		return text
	}
	return ""
}
