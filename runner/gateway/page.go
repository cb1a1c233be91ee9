package gateway

import (
	"sync"

	"github.com/dram-go/dram/runner/wire"
)

// A response that fits a page gets a Content-Length and leaves in one write, as
// one frame. Such a response the front can hold back until it is whole, and ask
// another worker for it if this one dies in the middle. So that this covers
// what is streamed by accident, without a flush, a page that is full is
// exchanged for a larger one first.
const (
	pageSize  = 16 << 10
	sheetSize = wire.MaxBody
)

// page collects a response, with room for its head in front.
type (
	page  [wire.Headroom + pageSize]byte
	sheet [wire.Headroom + sheetSize]byte
)

// pages are those that nobody uses.
type pages struct{ small, large sync.Pool }

func (p *pages) page() []byte {
	if b, ok := p.small.Get().(*page); ok {
		return b[:]
	}
	return new(page)[:]
}

func (p *pages) sheet() []byte {
	if b, ok := p.large.Get().(*sheet); ok {
		return b[:]
	}
	return new(sheet)[:]
}

// put gives a page or a sheet back.
func (p *pages) put(b []byte) {
	if len(b) == len(page{}) {
		p.small.Put((*page)(b))
	} else {
		p.large.Put((*sheet)(b))
	}
}

// room returns where the next bytes go, of which there are more; nothing when
// the page has to be sent first.
func (w *response) room(more int) []byte {
	if w.page == nil {
		w.page = w.x.conn.server.pages.page()
	}
	free := w.page[wire.Headroom+w.n:]
	if len(free) == 0 && w.n == pageSize && !w.sent && w.length < 0 && w.n+more <= sheetSize {
		sheet := w.x.conn.server.pages.sheet()
		copy(sheet[wire.Headroom:], w.page[wire.Headroom:])
		w.x.conn.server.pages.put(w.page)
		w.page = sheet
		free = sheet[wire.Headroom+w.n:]
	}
	return free
}

// drop gives the page back, with what is in it.
func (w *response) drop() {
	if w.page != nil {
		w.x.conn.server.pages.put(w.page)
		w.page, w.n = nil, 0
	}
}
