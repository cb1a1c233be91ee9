package front

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// TestAnAppOfAnotherGateway is served below a mount, with its prefix, its own
// workers and no loss when its gateway comes, goes and comes again.
func TestAnAppOfAnotherGateway(t *testing.T) {
	for _, name := range []string{"run", "own.sock"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name) // as the mount has it
			socket := path
			if name == "run" {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
				socket = filepath.Join(path, control.SocketName)
			}
			conf := other(mountedAt(t, "/shop"), func(m *config.Mount) { m.App = path })
			s := newSiteOf(t, conf, func(l *limits) { l.retry = time.Millisecond })
			s.add(text("own"))
			s.want(s.get("/"), 200, "own")
			for _, up := range s.upstreams() {
				if up.Usable || up.Mount != "other" || up.Name != socket {
					t.Errorf("before its gateway is there: %+v", up)
				}
			}

			table := s.front.live.Load().mounts[0].app.table
			for _, answer := range []string{"first", "second"} {
				got := make(chan reply, 1)
				go func() { got <- s.do(s.request("POST", "/shop/cart?x=1", strings.NewReader("body"))) }()
				until(t, "a request waits", func() bool { return table.waiting.Load() == 1 })
				gateway, err := control.Bind(socket)
				if err != nil {
					t.Fatal(err)
				}
				conn, err := gateway.AcceptUnix()
				if err != nil {
					t.Fatal(err)
				}
				shop := &site{t: t, master: control.NewConn(conn), said: make(chan control.Message, 100), mounted: make(chan control.Message, 100)}
				if them, err := shop.master.Hello(control.Hello{Role: control.RoleMaster}); err != nil || them.Role != control.RoleFront {
					t.Fatalf("%+v, %v", them, err)
				}
				go shop.listen()
				shop.hear(control.KindReady, nil)
				w := shop.add(func(w http.ResponseWriter, r *http.Request) {
					w.Write([]byte(answer + " " + r.RequestURI + " below " + r.Header.Get("X-Forwarded-Prefix")))
				})
				s.want(await(t, "answer", got), 200, answer+" /cart?x=1 below /shop")
				if up := s.upstreams(); len(up) != 1 || !up[0].Usable {
					t.Errorf("with its gateway: %+v", up)
				}
				s.want(s.get("/"), 200, "own")

				// It drains as its own master wants it.
				shop.rows[0].State = control.WorkerDraining
				shop.table()
				var idle control.Idle
				if shop.hear(control.KindIdle, &idle); idle.Worker != w.id {
					t.Errorf("idle is %+v", idle)
				}
				for up := s.upstreams(); up[0].Usable; up = s.upstreams() {
				}
				gateway.Close()
				shop.master.Close()
			}
		})
	}
}
