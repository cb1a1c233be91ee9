package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

// IDField is the field that carries a request's id.
const IDField = "Dram-Load-Id"

// Ledger counts POSTs for an app under load. It is the app's end of the
// protocol, see the package comment:
//
//	ledger := &load.Ledger{Path: "ledger.txt"}
//	mux.Handle("/count", ledger) // POST counts, GET is the ledger
//
// Several processes may share the file.
type Ledger struct {
	Path string // the file that the ids are appended to
}

// Count writes an id down. Handlers that do more than count call it when
// their work is done.
func (l *Ledger) Count(id string) error {
	f, err := os.OpenFile(l.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(id + "\n") // one write: lines of several processes do not mix
	return err
}

// ServeHTTP counts a POST's id, and answers a GET with all ids of ?run=.
func (l *Ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		l.list(w, r.URL.Query().Get("run"))
	case http.MethodPost:
		id := r.PostFormValue("id")
		if id == "" || id != r.Header.Get(IDField) || strings.ContainsAny(id, "\r\n") {
			http.Error(w, fmt.Sprintf("the id in the body is %q, in the field %s %q", id, IDField, r.Header.Get(IDField)), http.StatusBadRequest)
			return
		}
		if err := l.Count(id); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set(IDField, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
	}
}

func (l *Ledger) list(w http.ResponseWriter, run string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	f, err := os.Open(l.Path)
	if os.IsNotExist(err) {
		return // nothing was counted
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer f.Close()
	out := bufio.NewWriter(w)
	defer out.Flush()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		if strings.HasPrefix(scan.Text(), run+"-") {
			fmt.Fprintln(out, scan.Text())
		}
	}
}

// fate is what became of a POST as its client saw it.
type fate byte

const (
	unsent    fate = iota
	confirmed      // answered with 2xx
	refused        // answered with another status
	unknown        // not answered
)

// book keeps the fates of all POSTs of a run.
type book struct {
	mu    sync.Mutex
	fates []fate // by number
}

func (b *book) set(n int64, f fate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for int64(len(b.fates)) <= n {
		b.fates = append(b.fates, unsent)
	}
	b.fates[n] = f
}

// Counted compares what an app counted with what its clients were told.
type Counted struct {
	Posts      int64 `json:"posts"`      // ids in the ledger, each once
	Missing    int64 `json:"missing"`    // confirmed, and not in the ledger: lost
	Duplicated int64 `json:"duplicated"` // in the ledger more than once
	Unanswered int64 `json:"unanswered"` // in the ledger once, and no answer came
	Refused    int64 `json:"refused"`    // in the ledger once, and answered with an error
	Strange    int64 `json:"strange"`    // in the ledger, and never sent
	// Examples are a few ids that were missing, duplicated or strange.
	Examples []string `json:"examples,omitempty"`
}

const maxExamples = 10

// audit reads a ledger and compares.
func (b *book) audit(run string, ledger io.Reader) (*Counted, error) {
	counts := make([]uint32, len(b.fates))
	c := &Counted{}
	scan := bufio.NewScanner(ledger)
	for scan.Scan() {
		number, ours := strings.CutPrefix(scan.Text(), run+"-")
		if !ours {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 || n >= int64(len(b.fates)) || b.fates[n] == unsent {
			c.Strange++
			c.example(scan.Text(), "never sent")
			continue
		}
		counts[n]++
	}
	if err := scan.Err(); err != nil {
		return nil, err
	}
	for n, f := range b.fates {
		id := run + "-" + strconv.Itoa(n)
		switch count := counts[n]; {
		case count == 0 && f == confirmed:
			c.Missing++
			c.example(id, "confirmed, not counted")
		case count > 1:
			c.Duplicated++
			c.example(id, fmt.Sprintf("counted %d times", count))
		case count == 1 && f == unknown:
			c.Unanswered++
		case count == 1 && f == refused:
			c.Refused++
		}
		if counts[n] > 0 {
			c.Posts++
		}
	}
	return c, nil
}

func (c *Counted) example(id, what string) {
	if len(c.Examples) < maxExamples {
		c.Examples = append(c.Examples, id+": "+what)
	}
}

// fetchLedger asks the app what it counted.
func (l *Load) fetchLedger(ctx context.Context) (*Counted, error) {
	ctx, cancel := context.WithTimeout(ctx, l.plan.Timeout)
	defer cancel()
	u := *l.site.ledger
	q := u.Query()
	q.Set("run", l.run)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	tr := l.transport(nil)
	defer tr.CloseIdleConnections()
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the ledger: %s answered %s", u.String(), resp.Status)
	}
	c, err := l.book.audit(l.run, resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return c, nil
}
