package runner

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
)

// The user of these tests, whom no machine knows.
const strangerUID, strangerGID = 54321, 54322

// asRoot runs a test with the rights of root: as it is, or once more in a user
// namespace.
func asRoot(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		return true
	}
	cmd := exec.Command("unshare", "--map-root-user", "--map-auto", "/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("root has to run this test, or a user namespace with a range of users (unshare --map-auto, /etc/subuid): %v\n%s", err, out)
	}
	return false
}

// credentials are the user and group numbers, groups and capabilities of a
// process (proc_pid_status(5)).
func credentials(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "Uid", "Gid", "Groups", "CapEff", "CapPrm":
			lines = append(lines, name+" "+strings.Join(strings.Fields(value), " "))
		}
	}
	return strings.Join(lines, ", ")
}

func owner(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// strangerSite is a site that a user without rights can reach.
func strangerSite(t *testing.T, settings string) *site {
	t.Helper()
	s := newSite(t, settings)
	s.write("dram.toml", fmt.Sprintf("[server]\nuser = \"%d\"\ngroup = \"%d\"\n", strangerUID, strangerGID))
	if err := os.Chmod(filepath.Dir(s.dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(s.dir, strangerUID, strangerGID); err != nil { // the app keeps its data here
		t.Fatal(err)
	}
	return s
}

func TestTreeOfAnotherUser(t *testing.T) {
	t.Parallel()
	if !asRoot(t) {
		return
	}
	s := strangerSite(t, "version=1")
	s.must("secret")
	store := filepath.Join(s.dir, ".dram/state/assets/manifests") // of a time before server.user
	if err := os.MkdirAll(store, 0o755); err != nil {
		t.Fatal(err)
	}
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	st := s.status()
	if st.User != fmt.Sprint(strangerUID) {
		t.Errorf("status names the user %q", st.User)
	}
	if got := credentials(t, st.PID); !strings.HasPrefix(got, "Uid 0 ") {
		t.Errorf("the master runs as %s", got)
	}
	want := fmt.Sprintf("Uid %[1]d %[1]d %[1]d %[1]d, Gid %[2]d %[2]d %[2]d %[2]d, Groups , CapPrm 0000000000000000, CapEff 0000000000000000", strangerUID, strangerGID)
	for _, pid := range []int{st.Front.PID, st.Workers[0].PID} {
		if got := credentials(t, pid); got != want {
			t.Errorf("process %d runs as %s, expected %s", pid, got, want)
		}
	}
	for _, file := range []string{"migrated", ".dram/state/assets", ".dram/state/assets/manifests", ".dram/migrate.lock"} {
		if got := owner(t, filepath.Join(s.dir, file)); got != strangerUID {
			t.Errorf("%s belongs to %d", file, got)
		}
	}
	// What the app does works: settings with their secret, static files, the hub.
	if got := r.get("/secret"); got == "0" {
		t.Error("the worker does not know the secret")
	}
	if got := r.get(r.get("/asset")); !strings.Contains(got, "version") && !strings.Contains(got, "1") {
		t.Errorf("static file %q", got)
	}
	if resp, err := http.Post(r.url+"/publish", "", nil); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("publish: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
	s.await("the message is heard", func() bool { return r.get("/heard") != "0" })

	s.install("version=2")
	s.write("dram.toml", fmt.Sprintf("[server]\nuser = \"%d\"\ngroup = \"%d\"\n", strangerUID+2, strangerGID))
	if out := r.must("reload"); !strings.Contains(out, "server.user or server.group has changed: that takes a stop and a start") {
		t.Errorf("reload says\n%s", out)
	}
	if got := r.get("/"); got != "version 2" {
		t.Fatalf("after the reload %q", got)
	}
	r.must("rollback")
	if got := r.get("/"); got != "version 1" {
		t.Fatalf("after the rollback %q", got)
	}
	dump := strings.TrimSpace(r.must("worker", "dump", fmt.Sprint(s.status().Workers[0].ID)))
	if owner(t, dump) != strangerUID {
		t.Errorf("%s was not written by the worker", dump)
	}
	if resp, err := http.Get(r.url + "/panic"); err == nil {
		resp.Body.Close()
	}
	s.await("the log has its last words", func() bool { return strings.Contains(r.logText(), "panic: the app's own goroutine") })
	s.await("another worker serves", func() bool { return s.status().State == "serving" })
	s.strangersMayNot(r)
	r.stop()
}

// strangersMayNot checks what the user of the app must not be able to do.
func (s *site) strangersMayNot(r *running) {
	s.t.Helper()
	if err := os.Chmod(s.binary, 0o755); err != nil {
		s.t.Fatal(err)
	}
	as := func(program string, args ...string) ([]byte, error) {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = s.dir, s.command().Env
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: strangerUID, Gid: strangerGID}}
		return cmd.CombinedOutput()
	}
	if out, err := as(s.binary, "stop"); err == nil || !strings.Contains(string(out), "permission denied") {
		s.t.Errorf("stop by the app's user: %v\n%s", err, out)
	}
	st := s.status()
	config := filepath.Join(".dram/state/config", fmt.Sprint(st.Generation))
	for _, script := range []string{
		"rm .dram/run/control.sock", "mv .dram/run/hub.sock .dram/run/x", "echo x >.dram/state/x", "mv .dram/state/bin .dram/state/y",
		"echo x >.dram/state/bin/x", "echo x >.dram/state/bin/" + st.Build + "/tester", "ln -s /etc/shadow .dram/state/bin/" + st.Build + "/z",
		"rm .dram/state/generations.json", "cat .dram/secret", "mv .dram/secret .dram/old", "echo x >" + config + "/*/dram.toml",
		"rm " + config + "/*/dram.toml", "ln -sf /etc/shadow " + config + "/*/.dram/secret", "ls .dram/state/config", "kill " + fmt.Sprint(st.PID),
	} {
		if out, err := as("sh", "-c", script); err == nil {
			s.t.Errorf("the app's user could: %s\n%s", script, out)
		}
	}
	if left := s.status(); left.State != "serving" || left.PID != r.cmd.Process.Pid {
		s.t.Errorf("afterwards the app is %s, pid %d", left.State, left.PID)
	}
}

// The message must say what to do when the user cannot reach the app at all.
func TestUserWhoCannotReachTheApp(t *testing.T) {
	t.Parallel()
	if !asRoot(t) {
		return
	}
	s := strangerSite(t, "version=1")
	if err := os.Chmod(filepath.Dir(s.dir), 0o700); err != nil {
		t.Fatal(err)
	}
	out, code := s.call("serve", "--listen", "127.0.0.1:0")
	if want := fmt.Sprintf("%d (server.user) cannot run %s/.dram/state/bin/", strangerUID, s.dir); code != exitUsage || !strings.Contains(out, want) || !strings.Contains(out, "chmod o+x") {
		t.Fatalf("exit code %d, want %q in\n%s", code, want, out)
	}
}

func TestIdentityOf(t *testing.T) {
	for _, c := range []struct {
		user, group string
		euid        int
		want        string // of the identity, or in the error
	}{
		{"", "", 0, "<nil>"},
		{"", "", 1000, "<nil>"},
		{"root", "", 0, "uid 0 gid 0"},
		{"54321", "54322", 0, "uid 54321 gid 54322 groups []"},
		{"54321", "54322", 54321, "<nil>"},
		{"54321", "", 0, "Set server.group, too"},
		{"54321", "54322", 1000, "only root can start processes of another user, and this one runs as user 1000"},
		{"no-such-user", "", 0, `this machine has no user "no-such-user"`},
		{"root", "no-such-group", 0, `this machine has no group "no-such-group"`},
	} {
		who, err := identityOf(config.Server{User: c.user, Group: c.group}, c.euid)
		got := "<nil>"
		switch {
		case err != nil:
			got = err.Error()
		case who != nil:
			got = fmt.Sprintf("uid %d gid %d groups %v", who.uid, who.gid, who.groups)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s:%s for %d: %s, expected %s", c.user, c.group, c.euid, got, c.want)
		}
	}
}

// A worker of another user must not make the master read, or wait for, what it
// puts in the place of its last words.
func TestLastWordsThatAreNoFile(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "precious")
	if err := os.WriteFile(target, []byte("root:$6$"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := crashFile(dir, 1)
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	pipe := crashFile(dir, 2)
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, pipe, dir} {
		if got := readCrash(path); got != "" {
			t.Errorf("%s: read %q", path, got)
		}
	}
}

// What the store of a user before held is given away, but nothing outside.
func TestOwnTreeStaysInside(t *testing.T) {
	t.Parallel()
	if !asRoot(t) {
		return
	}
	dir := t.TempDir()
	who := &identity{uid: strangerUID, gid: strangerGID, name: "stranger"}
	outside := filepath.Join(dir, "outside")
	for _, name := range []string{"outside", "assets/a/b"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "assets/a/link")); err != nil {
		t.Fatal(err)
	}
	if err := who.ownTree(dir, "assets"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"assets": strangerUID, "assets/a/b": strangerUID, "assets/a/link": strangerUID, "outside": 0} {
		if got := owner(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s belongs to %d, expected %d", name, got, want)
		}
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "store"), fs.FileMode(0o755)); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(secret, filepath.Join(dir, "store", "x")); err != nil {
		t.Fatal(err)
	}
	if err := who.ownTree(dir, "store"); err == nil || !strings.Contains(err.Error(), "has a second name") || owner(t, secret) != 0 {
		t.Errorf("a hard link to a file of ours: %v, it belongs to %d", err, owner(t, secret))
	}
	if err := os.Symlink(outside, filepath.Join(dir, "linked")); err != nil {
		t.Fatal(err)
	}
	if err := who.ownTree(dir, "linked"); err == nil || !strings.Contains(err.Error(), "is no directory") {
		t.Errorf("a link in its place: %v", err)
	}
}
