package front

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

func TestUnreachable(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	conf := mountedAt(t, "/x", newOther(t, text("good")), "http://"+dead.Addr().String())
	sick, absent, self := conf.Mounts["other"], config.DefaultMount(), config.DefaultMount()
	sick.Upstreams, sick.Health.Path = []string{newOther(t, http.NotFoundHandler())}, "/healthz"
	absent.Path, absent.App = "/shop", filepath.Join(t.TempDir(), "run")
	self.Path, self.App = "/new", config.SelfApp
	above := config.DefaultMount()
	above.Path, above.App = "/above", t.TempDir()
	run := filepath.Join(above.App, ".dram", "run")
	if err := os.MkdirAll(run, 0o700); err != nil {
		t.Fatal(err)
	}
	conf.Mounts["above"] = above
	conf.Mounts["sick"], conf.Mounts["absent"], conf.Mounts["self"] = sick, absent, self
	got := Unreachable(t.Context(), conf)
	if len(got) != 4 {
		t.Fatalf("%d lines: %q", len(got), got)
	}
	all := errors.Join(got...).Error()
	for _, want := range []string{
		"program: mounts.other.upstreams: http://" + dead.Addr().String() + " does not answer: dial tcp",
		"mounts.sick.upstreams: " + sick.Upstreams[0] + " does not answer: GET /healthz was answered 404;",
		"mounts.absent.app: " + absent.App + " does not answer: dial unix " + filepath.Join(absent.App, "control.sock"),
		"(the run directory of that app is " + run + ");",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s\nis not said in\n%s", want, all)
		}
	}
}
