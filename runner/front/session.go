package front

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// event is what a conversation with the master brings to Run.
type event struct {
	conn    *control.Conn // the conversation
	opened  bool          // it has just begun
	message control.Message
	files   []*os.File
	err     error // it has ended
}

// converse says hello and reports everything until the conversation or ctx
// ends. It closes conn.
func converse(ctx context.Context, conn *control.Conn, us control.Hello, events chan<- event) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	us.Role = control.RoleFront
	_, err := conn.Hello(us)
	if err == nil && !report(ctx, events, event{conn: conn, opened: true}) {
		return
	}
	for err == nil {
		var e event
		e.conn = conn
		e.message, e.files, err = conn.Receive()
		if err == nil && !report(ctx, events, e) {
			closeFiles(e.files)
			return
		}
	}
	report(ctx, events, event{conn: conn, err: err})
}

// report hands an event to Run, which takes events until ctx ends; after that
// there are none, not even that of the conversation's own end.
func report(ctx context.Context, events chan<- event, e event) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// attend keeps a conversation with the gateway at path going until ctx ends.
func attend(ctx context.Context, path string, us control.Hello, first time.Duration, log *slog.Logger, events chan<- event) {
	pause := first
	for ctx.Err() == nil {
		begun := time.Now()
		conn, err := control.Dial(ctx, path)
		if err == nil {
			converse(ctx, conn, us, events)
		} else if pause == first && ctx.Err() == nil {
			log.Warn("no gateway yet; requests wait, then get 503", "err", err)
		}
		if time.Since(begun) > maxRetry {
			pause = first
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, maxRetry)
	}
}

// ended puts the end of a conversation into words.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return errors.New("front: the master is gone")
	}
	return err
}
