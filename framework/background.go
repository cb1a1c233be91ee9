package dram

import (
	"context"
	"sync"
)

// Go runs fn beside the request and beyond it: for a mail, a thumbnail, an
// audit record. Its context has the values of the request, but ends neither
// with the request nor with the client. [App.Close] waits for fn; the context
// ends when Close has no more time. An error or panic is logged.
func (c *Context) Go(fn func(ctx context.Context) error) {
	// The copy has what the request had; the request itself may be reused.
	detached := context.WithoutCancel(c.frozen())
	log := c.Log()
	c.app.background.start(detached, func(ctx context.Context) {
		err := runDetached(ctx, fn)
		if err != nil {
			log.Error("background work failed", errorAttrs(err)...)
		}
	})
}

// runDetached makes an error of a panic.
func runDetached(ctx context.Context, fn func(context.Context) error) error {
	return new(Context).run(func(*Context) error { return fn(ctx) })
}

// background counts the work that outlives its request. The zero value is
// ready.
type background struct {
	mu     sync.Mutex
	number int            // running now
	idle   chan struct{}  // closed at zero, made by who waits
	next   int            // key of the next cancel function
	cancel map[int]func() // of what is running
}

func (b *background) start(ctx context.Context, fn func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	b.mu.Lock()
	if b.cancel == nil {
		b.cancel = map[int]func(){}
	}
	key := b.next
	b.next++
	b.number++
	b.cancel[key] = cancel
	b.mu.Unlock()

	go func() {
		defer b.done(key)
		defer cancel()
		fn(ctx)
	}()
}

func (b *background) done(key int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.cancel, key)
	b.number--
	if b.number == 0 && b.idle != nil {
		close(b.idle)
		b.idle = nil
	}
}

// wait returns when nothing is running, or cancels what is and returns the
// error of ctx when that ends first.
func (b *background) wait(ctx context.Context) error {
	b.mu.Lock()
	if b.number == 0 {
		b.mu.Unlock()
		return nil
	}
	if b.idle == nil {
		b.idle = make(chan struct{})
	}
	idle := b.idle
	b.mu.Unlock()

	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, cancel := range b.cancel {
		cancel()
	}
	return ctx.Err()
}
