package devserver

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"time"
)

// settleDelay is how long the files must have been quiet before a build: an
// editor that formats on save, or a checkout, writes more than once.
const settleDelay = 25 * time.Millisecond

// tools are the loop's hands. Tests give it others.
type tools struct {
	scan  func(old snapshot) (snapshot, error)
	build func(ctx context.Context, seq int) built
	start func(ctx context.Context, binary string) (*app, *problem)
	clean func(keep string) // removes the binaries of earlier builds
}

// loop owns everything that changes. It runs in one goroutine and waits in one
// select; builds and starts run beside it and report back with the number of
// their attempt, by which it knows those that are no longer wanted.
type loop struct {
	tools tools
	board *board
	log   *console
	run   string // this run of the dev server, part of every version

	pokes   chan struct{}      // something may have changed
	looks   chan chan struct{} // look now, and close the channel when done
	notes   chan string        // what takes so long
	built   chan buildResult
	started chan startResult
	exits   chan *app

	files   snapshot
	todo    action             // what the changes seen so far still ask for
	settle  <-chan time.Time   // the files have been quiet; nil: nothing to wait for
	attempt int                // number of the newest build or start
	cancel  context.CancelFunc // of the attempt under way, else nil
	began   time.Time          // when the first change under way was seen
	beside  sync.WaitGroup     // builds, starts and stops under way

	builds  int
	version int
	styles  int
	changed []string
	binary  string // of the newest good build
	serving *app
	broken  *problem // of the newest build, nil if it was good
	fallen  *problem // of the newest process, nil if it is well
	died    bool     // the serving process ended by itself: start it on demand
	note    string
	blind   string // the last complaint about reading the files
}

type buildResult struct {
	attempt int
	built
}

type startResult struct {
	attempt int
	app     *app
	problem *problem
}

// newLoop returns a loop that will begin with a build. files is the app as it
// is now.
func newLoop(t tools, log *console, files snapshot) *loop {
	now := time.Now()
	l := &loop{
		tools: t, log: log, files: files,
		run:   strconv.FormatInt(now.UnixMilli(), 36),
		pokes: make(chan struct{}, 1), looks: make(chan chan struct{}), notes: make(chan string, 1),
		built: make(chan buildResult), started: make(chan startResult), exits: make(chan *app),
		todo: action{Build: true}, settle: time.After(0), began: now,
	}
	l.board = newBoard(l.view())
	return l
}

// poke tells that something may have changed. It never blocks.
func (l *loop) poke() {
	select {
	case l.pokes <- struct{}{}:
	default: // a look is due anyway
	}
}

// look returns when the loop has looked at the files after the call, so that
// the board knows of every change made before it.
func (l *loop) look(ctx context.Context) {
	done := make(chan struct{})
	select {
	case l.looks <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// remark tells what takes so long. It never blocks.
func (l *loop) remark(text string) {
	select {
	case l.notes <- text:
	default: // somebody has just remarked something
	}
}

// work runs until ctx ends and returns when everything it started has ended.
func (l *loop) work(ctx context.Context) {
	for {
		var looked []chan struct{} // who waits for this round
		select {
		case <-ctx.Done():
			l.shutdown()
			return
		case <-l.pokes:
			l.inspect()
		case done := <-l.looks:
			looked = append(l.waiting(), done)
			l.inspect()
			l.revive(ctx)
		case <-l.settle:
			due := l.settle
			l.inspect()
			if l.settle == due { // nothing more came
				l.settle = nil
				l.begin(ctx)
			}
		case text := <-l.notes:
			l.note = text
			l.log.say(toneBusy, "build", text)
		case r := <-l.built:
			l.finishBuild(ctx, r)
		case r := <-l.started:
			l.finishStart(ctx, r)
		case a := <-l.exits:
			l.bury(a)
		}
		l.publish()
		for _, done := range looked {
			close(done)
		}
	}
}

// waiting returns who else asks for a look right now: one look serves them all.
func (l *loop) waiting() (all []chan struct{}) {
	for {
		select {
		case done := <-l.looks:
			all = append(all, done)
		default:
			return all
		}
	}
}

// inspect looks at the files and takes in what their changes ask for.
func (l *loop) inspect() {
	next, err := l.tools.scan(l.files)
	if err != nil {
		if l.blind != err.Error() {
			l.blind = err.Error()
			l.log.say(toneBad, "watch", "the files of the app cannot be read: "+l.blind)
		}
		return
	}
	l.blind = ""
	changes := diff(l.files, next)
	l.files = next
	a := decide(changes)
	if len(a.Styles) > 0 {
		l.styles++
		l.changed = a.Styles
	}
	if a.process() || a.Reload || len(a.Styles) > 0 {
		l.log.changed(changes)
	}
	if !l.busy() && (a.process() || a.Reload) {
		l.began = time.Now()
	}
	l.todo = l.todo.and(a)
	switch {
	case a.process():
		l.abort() // what is being built or started is already of the past
		l.settle = time.After(settleDelay)
	case !l.busy():
		l.reload()
	}
}

// busy tells whether a build or a start is due or under way.
func (l *loop) busy() bool { return l.settle != nil || l.cancel != nil }

// reload has the pages loaded again if something asked for it.
func (l *loop) reload() {
	if l.todo.Reload {
		l.version++
	}
	l.todo = action{}
}

// begin starts what the changes ask for.
func (l *loop) begin(ctx context.Context) {
	switch {
	case l.todo.Build:
		l.startBuild(ctx)
	case l.todo.Restart && l.binary != "":
		l.startApp(ctx)
	default:
		l.reload()
	}
}

// abort ends the attempt under way. Its report, if one still comes, carries an
// old number.
func (l *loop) abort() {
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
	l.attempt++
}

func (l *loop) startBuild(ctx context.Context) {
	l.abort()
	l.builds++
	attempt, seq := l.attempt, l.builds
	inner, cancel := context.WithCancel(ctx)
	l.cancel = cancel
	l.beside.Go(func() {
		b := l.tools.build(inner, seq)
		select {
		case l.built <- buildResult{attempt, b}:
		case <-ctx.Done():
		}
	})
}

func (l *loop) finishBuild(ctx context.Context, r buildResult) {
	if r.attempt != l.attempt {
		return
	}
	l.cancel()
	l.cancel, l.note = nil, ""
	l.todo.Build = false
	l.broken = r.Problem
	if r.Problem != nil {
		l.log.say(toneBad, "failed", r.Problem.String())
		l.reload()
		return
	}
	l.log.say(toneDim, "built", fmt.Sprintf("in %.2f s", r.Took.Seconds()))
	l.binary = r.Binary
	l.startApp(ctx)
}

func (l *loop) startApp(ctx context.Context) {
	l.abort()
	attempt, binary := l.attempt, l.binary
	inner, cancel := context.WithCancel(ctx)
	l.cancel = cancel
	l.beside.Go(func() {
		a, p := l.tools.start(inner, binary)
		select {
		case l.started <- startResult{attempt, a, p}:
		case <-ctx.Done():
			if a != nil {
				a.stop()
			}
		}
	})
}

func (l *loop) finishStart(ctx context.Context, r startResult) {
	if r.attempt != l.attempt {
		l.retire(r.app)
		return
	}
	l.cancel()
	l.cancel = nil
	l.fallen = r.problem
	if r.problem != nil {
		l.log.say(toneBad, "crashed", r.problem.String())
		l.reload()
		return
	}
	l.retire(l.serving)
	l.serving, l.died = r.app, false
	l.version++
	l.todo = action{}
	l.tools.clean(l.binary)
	l.log.say(toneGood, "ready", fmt.Sprintf("after %.2f s, process %d", time.Since(l.began).Seconds(), r.app.pid))
	go l.watch(ctx, r.app)
}

// watch reports when a process ends.
func (l *loop) watch(ctx context.Context, a *app) {
	select {
	case <-a.done:
	case <-ctx.Done():
		return
	}
	select {
	case l.exits <- a:
	case <-ctx.Done():
	}
}

// bury takes note that a process has ended.
func (l *loop) bury(a *app) {
	if a != l.serving {
		return // it was told to
	}
	l.retire(a)
	l.serving, l.died = nil, true
	l.fallen = a.crash()
	l.log.say(toneBad, "crashed", l.fallen.String())
}

// revive starts a process that ended by itself again, once somebody asks for a
// page. One that does not even start waits for a change.
func (l *loop) revive(ctx context.Context) {
	if !l.died || l.busy() {
		return
	}
	l.died = false
	l.began = time.Now()
	l.startApp(ctx)
}

// retire stops a process that is no longer wanted, beside the loop.
func (l *loop) retire(a *app) {
	if a != nil {
		l.beside.Go(a.retire)
	}
}

// shutdown ends all processes and waits for them. The servers are closed by
// now, so nobody waits for an answer.
func (l *loop) shutdown() {
	l.abort()
	if l.serving != nil {
		l.serving.stop()
	}
	l.beside.Wait()
}

// view is the state as the board shows it.
func (l *loop) view() view {
	s := state{
		Version: l.run + "-" + strconv.Itoa(l.version),
		Styles:  l.styles, Changed: l.changed,
		Phase: l.phase(), Build: l.builds, Note: l.note,
		Problem: l.broken,
	}
	if l.broken == nil {
		s.Problem = l.fallen
	}
	if l.serving != nil {
		s.PID = l.serving.pid
	}
	return view{state: s, app: l.serving, hold: l.busy()}
}

func (l *loop) phase() phase {
	switch {
	case l.busy():
		return phaseBuilding
	case l.broken != nil:
		return phaseFailed
	case l.fallen != nil:
		return phaseCrashed
	}
	return phaseOK
}

// publish shows the board what is new.
func (l *loop) publish() {
	next, old := l.view(), l.board.view()
	if next.app != old.app || next.hold != old.hold || !reflect.DeepEqual(next.state, old.state) {
		l.board.publish(next)
	}
}
