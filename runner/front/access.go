package front

import (
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front/strict"
	"github.com/dram-go/dram/runner/logqueue"
)

// form is how lines of the access log look.
type form byte

const (
	formNone form = iota
	formText
	formJSON
	formCombined
)

// append encodes one line.
func (f form) append(b []byte, e *entry, s *stamp) []byte {
	switch f {
	case formText:
		return appendText(b, e, s)
	case formJSON:
		return appendJSON(b, e, s)
	}
	return appendCombined(b, e, s)
}

// accessRules say what the access log has of each request.
type accessRules struct {
	form    form
	queries bool   // addresses keep what is behind "?"
	file    string // "" for standard error
}

// accessRulesOf reads the section [log]. Without a form of their own the lines
// look as all others do, and standard error gets none where the level is above
// theirs.
func accessRulesOf(conf *config.Config) accessRules {
	c := conf.Log
	word := c.Access
	if word == "" {
		word = c.Format
		if c.AccessFile == "" && (c.Level == "warn" || c.Level == "error") {
			word = "off"
		}
	}
	rules := accessRules{
		form:    map[string]form{"text": formText, "json": formJSON, "combined": formCombined}[word],
		queries: c.AccessQuery,
	}
	if c.AccessFile != "" {
		rules.file = conf.Path(c.AccessFile)
	}
	return rules
}

// accessLog writes a line for each request.
type accessLog struct {
	log       *slog.Logger
	stamps    stamps
	spare     sync.Pool // of *[]byte
	queue     *logqueue.Queue
	otherwise *logqueue.Queue // takes the lines without a file

	// Of the queue's goroutine.
	unsaid logqueue.Loss
	saidAt time.Time

	// Of the front's goroutine.
	file *os.File // nil: standard error
	path string
}

func newAccessLog(lines *logqueue.Queue, log *slog.Logger) *accessLog {
	a := &accessLog{log: log, otherwise: lines}
	a.queue = logqueue.New(lines, 0, a.notice)
	return a
}

// noticePause is the shortest time between two complaints about lost lines.
const noticePause = 10 * time.Second

// notice tells the other log what this one has lost.
func (a *accessLog) notice(lost logqueue.Loss) {
	a.unsaid.Dropped += lost.Dropped
	a.unsaid.Failed += lost.Failed
	if lost.Err != nil {
		a.unsaid.Err = lost.Err
	}
	if now := time.Now(); a.saidAt.IsZero() || now.Sub(a.saidAt) >= noticePause {
		a.log.Error("lines of the access log were lost", "too_many", a.unsaid.Dropped, "unwritable", a.unsaid.Failed, "err", a.unsaid.Err)
		a.unsaid, a.saidAt = logqueue.Loss{}, now
	}
}

// write says what became of a turn.
func (a *accessLog) write(t *turn, took time.Duration, rules accessRules) {
	if rules.form != formNone {
		e := entryOf(t, took, rules)
		a.put(&e, rules.form)
	}
}

// refused says what became of a request that was none: what the client sent has
// no path that could be trusted.
func (a *accessLog) refused(remote, id string, why *strict.Refusal, size int, rules accessRules) {
	if rules.form != formNone {
		a.put(&entry{at: time.Now(), client: hostOf(remote), status: why.Status, bytes: int64(size), id: id, reason: why.Reason}, rules.form)
	}
}

// maxLine is the largest line whose buffer is kept.
const maxLine = 4 << 10

func (a *accessLog) put(e *entry, f form) {
	line, _ := a.spare.Get().(*[]byte)
	if line == nil {
		line = new([]byte)
	}
	*line = f.append((*line)[:0], e, a.stamps.of(e.at))
	a.queue.WriteSoon(*line)
	if cap(*line) <= maxLine {
		a.spare.Put(line)
	}
}

// move sends the lines from now on to a file, or without one to standard error,
// and closes the file before. then is called once that is no longer written to.
func (a *accessLog) move(to *os.File, then func()) {
	before := a.file
	a.file = to
	var moved <-chan struct{}
	if to != nil {
		moved = a.queue.Redirect(to)
	} else {
		moved = a.queue.Redirect(a.otherwise)
	}
	go func() { // ends with the queue at the latest
		<-moved
		if before != nil {
			before.Close()
		}
		then()
	}()
}

// accessFarewell bounds the wait for the last lines.
const accessFarewell = time.Second

// close writes the rest.
func (a *accessLog) close() {
	a.queue.Close(accessFarewell)
	if a.file != nil {
		a.file.Close()
	}
}

// moveAccess takes the file that the master has sent.
func (f *front) moveAccess(e event) {
	var m control.Access
	if err := e.message.Decode(&m); err != nil {
		f.log.Error("file of the access log", "err", err)
		closeFiles(e.files)
		return
	}
	var file *os.File
	if len(e.files) > 0 {
		file = e.files[0]
		closeFiles(e.files[1:])
	}
	f.access.move(file, func() { f.tell(e.conn, control.KindAccessed, control.Accessed(m)) })
}

// openAccess opens the file of the access log, as a front that runs apart does.
// If that fails, the lines go where they went.
func (f *front) openAccess() {
	path := f.live.Load().access.file
	if path == "" {
		return
	}
	file, err := logqueue.OpenFile(path)
	if err != nil {
		f.log.Error("the access log stays where it was", "err", err)
		return
	}
	f.access.path = path
	f.access.move(file, func() {})
}

// followAccess looks whether new settings of a front that runs apart name
// another file.
func (f *front) followAccess() {
	path := f.live.Load().access.file
	switch {
	case f.options.Control != nil || path == f.access.path:
	case path == "":
		f.access.path = ""
		f.access.move(nil, func() {})
	default:
		f.openAccess()
	}
}
