package front

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/dram-go/dram/runner/control"
)

func TestGossip(t *testing.T) {
	g := newGossip()
	g.note("a.example", []string{"/alone"})
	if len(g.wake) != 0 || len(g.take().Pages) != 0 {
		t.Error("something is told to nobody")
	}
	g.others.Store(true)
	g.note("a.example", nil)
	if len(g.wake) != 0 {
		t.Error("nothing is told")
	}
	g.note("a.example", []string{"/x?q=1", "/x", "/y"})
	g.note("b.example", []string{"/x"})
	if len(g.wake) != 1 {
		t.Error("nobody will look")
	}
	m := g.take()
	var said []string
	for _, p := range m.Pages {
		said = append(said, p.Host+p.Target)
	}
	slices.Sort(said)
	if got := strings.Join(said, " "); got != "a.example/x a.example/y b.example/x" || m.All {
		t.Errorf("%s, all %v", got, m.All)
	}
	for i := range 10_000 {
		g.note("a.example", []string{fmt.Sprint("/", i)})
	}
	if m := g.take(); !m.All || len(m.Pages) > 0 {
		t.Errorf("%d pages, all %v", len(m.Pages), m.All)
	}
	g.note("a.example", []string{"/z"})
	if m := g.take(); m.All || len(m.Pages) != 1 {
		t.Errorf("afterwards %+v", m)
	}
}

// TestOtherFrontsHearOfChanges, and what they change is forgotten here.
func TestOtherFrontsHearOfChanges(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		if r.Method == "POST" {
			w.Header().Set("Location", "/list")
		}
	})
	stored, host := "dram; fwd=uri-miss; stored", s.addr
	wantHit := func(path string) {
		t.Helper()
		if got := s.get(path).Header.Get("Cache-Status"); !strings.HasPrefix(got, "dram; hit") {
			t.Errorf("%s: Cache-Status %q", path, got)
		}
	}
	s.wantCache(s.get("/page"), stored)
	s.wantCache(s.get("/other"), stored)
	s.send(control.KindChanged, control.Changed{Pages: []control.Page{{Host: host, Target: "/page"}, {Host: "other.example", Target: "/other"}}})
	until(t, "the page is forgotten", func() bool { return s.get("/page").Header.Get("Cache-Status") == "dram; fwd=miss; stored" })
	wantHit("/other")
	wantHit("/page")
	s.send(control.KindChanged, control.Changed{All: true})
	until(t, "everything is forgotten", func() bool { return s.get("/other").Header.Get("Cache-Status") == stored })
	s.wantCache(s.get("/page"), stored)

	// What a lonely front changes it tells nobody.
	s.ask("POST", "/lonely")
	s.send(control.KindBeat, control.Renewal{Fronts: 2})
	until(t, "it knows of the others", func() bool { return s.front.kept.gossip.others.Load() })
	s.ask("POST", "/change?now")
	var m control.Changed
	s.hear(control.KindChanged, &m)
	var said []string
	for _, p := range m.Pages {
		said = append(said, strings.TrimPrefix(p.Host, host)+p.Target)
	}
	if slices.Sort(said); strings.Join(said, " ") != "/change /list" || m.All {
		t.Errorf("it tells %v", said)
	}
	s.send(control.KindBeat, nil)
	until(t, "it is alone again", func() bool { return !s.front.kept.gossip.others.Load() })
}
