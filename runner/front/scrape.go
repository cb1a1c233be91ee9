package front

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/metrics"
)

// metricsPath is where the figures are at an address of their own.
const metricsPath = "/metrics"

// scrapeLimit bounds the time until all processes have said their figures.
const scrapeLimit = 5 * time.Second

// scrapeRules say who gets figures where.
type scrapeRules struct {
	path    string // on the site's own addresses; "" for none
	listen  string // for a front that runs apart
	allowed []netip.Prefix
}

func (r *scrapeRules) allows(address string) bool {
	client, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(r.allowed, func(p netip.Prefix) bool { return p.Contains(client.Unmap().WithZone("")) })
}

// scrape is a wish for figures, which the front's goroutine passes on to the
// master.
type scrape struct {
	answer chan<- scraped // has room for one
}

// scraped is the answer: a text, or a file with it.
type scraped struct {
	text []byte
	file *os.File
}

// scrapes are the wishes that the master has not answered yet.
type scrapes struct {
	asked  chan scrape
	number int
	wait   map[int]chan<- scraped
}

// figuresOfAll are the figures of the whole tree or, without a master, of this
// front.
func (f *front) figuresOfAll(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeLimit)
	defer cancel()
	answer := make(chan scraped, 1)
	select {
	case f.scrapes.asked <- scrape{answer}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case got := <-answer:
		if got.file == nil {
			return got.text, nil
		}
		defer got.file.Close()
		return io.ReadAll(io.NewSectionReader(got.file, 0, 1<<40))
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// scrape asks the master.
func (f *front) scrape(s scrape) {
	if f.master == nil {
		s.answer <- scraped{text: f.figuresText()}
		return
	}
	f.scrapes.number++
	if f.scrapes.wait == nil {
		f.scrapes.wait = map[int]chan<- scraped{}
	}
	f.scrapes.wait[f.scrapes.number] = s.answer
	delete(f.scrapes.wait, f.scrapes.number-maxScrapes) // whoever asked has given up
	f.tell(f.master, control.KindScrape, control.Scrape{Number: f.scrapes.number})
}

// maxScrapes bounds the wishes that wait.
const maxScrapes = 100

// scraped takes the master's answer.
func (f *front) scraped(e event) {
	var m control.Scrape
	if e.message.Decode(&m) != nil || len(e.files) != 1 || f.scrapes.wait[m.Number] == nil {
		closeFiles(e.files)
		return
	}
	f.scrapes.wait[m.Number] <- scraped{file: e.files[0]}
	delete(f.scrapes.wait, m.Number)
}

// sayFigures tells the master this front's own.
func (f *front) sayFigures(conn *control.Conn, number int) {
	f.tell(conn, control.KindFigures, control.Figures{Number: number, Text: string(f.figuresText())})
}

// tryScrape answers a turn that asks for the figures at the path for them, if
// its client may have them.
func (f *front) tryScrape(t *turn) bool {
	rules := &t.settings.scrape
	if rules.path == "" || t.path() != rules.path || !rules.allows(t.clientIP()) {
		return false
	}
	t.ours = true
	text, err := f.figuresOfAll(t.Head().Context())
	if err != nil {
		t.answer(http.StatusGatewayTimeout, "figures: "+err.Error())
		return true
	}
	t.Start(http.StatusOK, http.Header{
		"Content-Type": {metrics.ContentType}, "Cache-Control": {"no-store"}, "Content-Length": {strconv.Itoa(len(text))},
	})
	if t.Method() != http.MethodHead {
		_, _ = t.Write(text) // nobody is left to be told
	}
	return true
}

// metricsServer serves figures and health at an address of their own.
type metricsServer struct {
	server *http.Server
	ended  chan struct{}
}

// listenMetrics takes over the listener for figures; nil ends their serving.
func (f *front) listenMetrics(l net.Listener) {
	if before := f.figuresAt; before != nil {
		before.close()
		f.figuresAt = nil
	}
	if l == nil {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+metricsPath, func(w http.ResponseWriter, r *http.Request) {
		text, err := f.figuresOfAll(r.Context())
		if err != nil {
			http.Error(w, "figures: "+err.Error(), http.StatusGatewayTimeout)
			return
		}
		w.Header().Set("Content-Type", metrics.ContentType)
		_, _ = w.Write(text) // nobody is left to be told
	})
	for _, path := range []string{livePath, readyPath} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			status, text := f.condition(path)
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text+"\n")
		})
	}
	s := &metricsServer{ended: make(chan struct{}), server: &http.Server{
		Handler:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.toAllowed(mux, w, r) }),
		ReadTimeout: scrapeLimit, WriteTimeout: 2 * scrapeLimit, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(f.log.Handler(), slog.LevelWarn),
	}}
	f.figuresAt = s
	go func() {
		defer close(s.ended)
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			f.log.Error("nobody gets figures any more", "err", err)
		}
	}()
}

func (f *front) toAllowed(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if !f.live.Load().scrape.allows(hostOf(r.RemoteAddr)) {
		http.Error(w, "not for "+hostOf(r.RemoteAddr)+" (metrics.allow)", http.StatusForbidden)
		return
	}
	h.ServeHTTP(w, r)
}

func (s *metricsServer) close() {
	s.server.Close()
	<-s.ended
}

// takeMetrics takes the listener that the master has sent, or none.
func (f *front) takeMetrics(files []*os.File) {
	defer closeFiles(files)
	if len(files) == 0 {
		f.listenMetrics(nil)
		return
	}
	l, err := net.FileListener(files[0])
	if err != nil {
		f.log.Error("the master sent no listener for figures", "err", err)
		return
	}
	f.listenMetrics(l)
}

// openMetrics listens as a front that runs apart does.
func (f *front) openMetrics() {
	address := f.live.Load().scrape.listen
	if f.options.Control != nil || address == f.metricsAddress {
		return
	}
	f.metricsAddress = address
	f.listenMetrics(nil)
	if address == "" {
		return
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		f.log.Error("nobody gets figures: metrics.listen", "err", err)
		return
	}
	f.listenMetrics(l)
}
