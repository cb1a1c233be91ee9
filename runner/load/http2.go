package load

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// transport is net/http's client for the plan's server and no other address.
// opened counts its connections, where somebody wants to know.
func (l *Load) transport(opened *atomic.Int64) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!l.plan.HTTP2)
	protocols.SetHTTP2(l.plan.HTTP2 && l.site.base.Scheme == "https")
	protocols.SetUnencryptedHTTP2(l.plan.HTTP2 && l.site.base.Scheme == "http")
	return &http.Transport{
		Protocols:          protocols,
		DisableCompression: true,
		MaxConnsPerHost:    1,
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: l.plan.AllowAnyCertificate},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := l.dialer.DialContext(ctx, "tcp", l.site.address)
			if err == nil && opened != nil {
				opened.Add(1)
			}
			return conn, err
		},
	}
}

// runHTTP2 is one client with HTTP/2: a connection with several streams.
func (l *Load) runHTTP2(ctx context.Context) {
	var opened atomic.Int64
	tr := l.transport(&opened)
	var streams sync.WaitGroup
	for range l.plan.Streams {
		streams.Go(func() { l.runStream(ctx, tr) })
	}
	streams.Wait()
	tr.CloseIdleConnections()
	t := newTally()
	t.connections.Opened = opened.Load()
	l.total.add(t)
}

func (l *Load) runStream(ctx context.Context, tr *http.Transport) {
	t, matcher, none := newTally(), newMatcher(l.plan.Contains), newMatcher("")
	defer func() { l.total.add(t) }()
	for {
		slot, ok := l.pace.next()
		if !ok {
			return
		}
		r := l.describe(slot, t)
		m := none
		if r.method == http.MethodGet {
			m = matcher
		}
		a, begun, err := l.roundTrip(ctx, tr, r, m)
		if err != nil {
			l.failed(t, r, classify(err, begun), err)
			if !begun && !l.pause(refusedPause) {
				return
			}
		} else {
			l.answered(t, r, a)
		}
		if l.plan.New {
			tr.CloseIdleConnections()
		}
		if !l.pause(l.plan.Think) {
			return
		}
	}
}

func (l *Load) roundTrip(ctx context.Context, tr *http.Transport, r request, m *matcher) (a answer, begun bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.plan.Timeout)
	defer cancel()
	id, target, body := l.id(r.n), l.site.target, ""
	if r.method == http.MethodPost {
		target, body = l.site.post, form(id, l.plan.PostSize)
	}
	u, err := l.site.base.Parse(target)
	if err != nil {
		return a, false, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), strings.NewReader(body))
	if err != nil {
		return a, false, err
	}
	for name, values := range l.plan.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	req.Header.Set(IDField, id)
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		if strings.Contains(err.Error(), "GOAWAY") { // net/http has no type for it
			err = errors.Join(err, io.EOF)
		}
		return a, false, err
	}
	defer resp.Body.Close()
	a = answer{status: resp.StatusCode, id: resp.Header.Get(IDField)}
	a.right, err = m.read(resp.Body)
	return a, true, err
}
