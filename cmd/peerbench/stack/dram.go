package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dram-go/dram/cmd/peerbench/apps"
)

// Dram says which app Dram shall serve, and how.
type Dram struct {
	Program string   // an app's binary
	Env     []string // of it
	Config  string   // dram.toml
	Workers int      // 0: what Dram takes by itself
	Procs   int      // processors of each worker; 0: a fair part
	Log     bool     // an access log is written
	TLS     bool     // HTTP/2 over TLS
	Ready   string   // path that it answers when it is ready
}

// StartDram serves an app.
func StartDram(dir, name string, d Dram) (*Stack, error) {
	s, address, err := newStack(dir, name)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), []byte(d.Config), 0o644); err != nil {
		return nil, err
	}
	env := append(d.Env, "DRAM_ENV=production", "SECRET_KEY="+strings.Repeat("peerbench", 5))
	if !d.Log {
		env = append(env, "DRAM_LOG_LEVEL=warn")
	}
	if d.Workers > 0 {
		env = append(env, "DRAM_WORKERS_COUNT="+strconv.Itoa(d.Workers))
	}
	if d.Procs > 0 {
		env = append(env, "DRAM_WORKERS_PROCS="+strconv.Itoa(d.Procs))
	}
	if d.TLS {
		secure, err := freeAddress()
		if err != nil {
			return nil, err
		}
		cert, key, err := certificate(s.dir)
		if err != nil {
			return nil, err
		}
		s.URL = "https://" + secure
		env = append(env, "DRAM_TLS_LISTEN="+secure, "DRAM_TLS_CERTIFICATES="+cert+":"+key)
	}
	cmd, err := s.start("dram", env, d.Program, "serve", "--listen", address)
	if err == nil {
		s.Front = cmd.Process.Pid
	}
	if s, err = s.ready(d.Ready, err); err != nil {
		return nil, err
	}
	s.Front, err = frontOf(s.Front)
	return s, err
}

// frontOf finds the front below a master.
func frontOf(master int) (int, error) {
	family, err := descendants([]int{master})
	if err != nil {
		return 0, err
	}
	for _, pid := range family {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // one that ended is none
		if strings.Contains(string(line), "front gen") {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("process %d has no front", master)
}

// Page is Dram with the page of package apps; files is a directory of static
// files, or empty.
func Page(files string) (Dram, error) {
	self, err := os.Executable()
	return Dram{Program: self, Env: []string{apps.Variable + "=dram", apps.Files + "=" + files}, Ready: "/"}, err
}

// pyboPath is the sample app in the module of Dram.
const pyboPath = "github.com/dram-go/dram/sample-app"

// Pybo builds the sample app into dir. database is the file that it fills.
func Pybo(dir, database string) (Dram, error) {
	d := Dram{
		Program: filepath.Join(dir, "pybo"),
		Config:  "name = \"pybo\"\n[locale]\ndefault = \"ko\"\nzone = \"Asia/Seoul\"\n[app]\nsamples = 300\n",
		Env:     []string{"DATABASE_URL=sqlite:" + database},
		Ready:   "/question/list/",
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/dram-go/dram").Output()
	if err != nil {
		return d, fmt.Errorf("find Dram's source: %w", err)
	}
	build := exec.Command("go", "build", "-o", d.Program, pyboPath)
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		return d, fmt.Errorf("build %s: %w\n%s", pyboPath, err, out)
	}
	return d, nil
}
