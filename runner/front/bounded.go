package front

import (
	"net/http"
	"sync"
)

// boundedBody is a body whose limit is lower than the engine's: that of a
// mount.
type boundedBody struct {
	requestBody
	limit int64

	mu   sync.Mutex
	left int64
	err  error // that the limit is exceeded
}

func newBoundedBody(b requestBody, limit int64) *boundedBody {
	return &boundedBody{requestBody: b, limit: limit, left: limit}
}

func (b *boundedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	left, err := b.left, b.err
	b.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := b.requestBody.Read(p[:min(int64(len(p)), left+1)])
	b.mu.Lock()
	defer b.mu.Unlock()
	if int64(n) > b.left {
		n = int(b.left)
		b.err = &http.MaxBytesError{Limit: b.limit}
		err = b.err
	}
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	return b.requestBody.failure()
}

// Content is the body, within the limit of the turn's mount.
func (t *turn) Content() requestBody {
	if t.bounded != nil {
		return t.bounded
	}
	return t.exchange.Content()
}
