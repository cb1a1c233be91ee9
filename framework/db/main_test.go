package db_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/postgres"
	"github.com/dram-go/dram/framework/db/postgres/pgtest"
	_ "github.com/dram-go/dram/framework/db/sqlite"
)

// roleVar makes the test binary one of several processes on one database.
const roleVar = "DB_TEST_ROLE"

// server is the PostgreSQL server of the tests.
var server = pgtest.New()

func TestMain(m *testing.M) {
	role := os.Getenv(roleVar)
	if role == "" {
		code := m.Run()
		server.Stop()
		os.Exit(code)
	}
	fmt.Println("ready") // and begin together with the others
	var begin string     // read byte by byte: what follows belongs to the role
	if _, err := fmt.Fscanln(os.Stdin, &begin); err != nil {
		os.Exit(3)
	}
	conf := newConfig(os.Args[1], config.Production)
	conf.Database.URL = os.Args[2]
	if err := roles[role](context.Background(), conf); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// processes runs the test binary n times in a role with the root and the
// database of conf, lets all begin at once, ends their standard inputs after a
// time, and returns what they printed.
func processes(t *testing.T, n int, role string, conf *config.Config, length time.Duration) string {
	t.Helper()
	var cmds []*exec.Cmd
	var ins []io.WriteCloser
	var outs []*bufio.Reader
	for range n {
		cmd := testBinary(role, conf)
		in, err := cmd.StdinPipe()
		check(t, err)
		out, err := cmd.StdoutPipe()
		check(t, err)
		cmd.Stderr = os.Stderr
		check(t, cmd.Start())
		cmds, ins, outs = append(cmds, cmd), append(ins, in), append(outs, bufio.NewReader(out))
	}
	for _, out := range outs {
		_, err := out.ReadString('\n')
		check(t, err)
	}
	for _, in := range ins {
		_, err := io.WriteString(in, "go\n")
		check(t, err)
	}
	<-time.After(length)
	for _, in := range ins {
		check(t, in.Close())
	}
	var all bytes.Buffer
	for i, cmd := range cmds {
		_, err := io.Copy(&all, outs[i])
		check(t, err)
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	if t.Failed() {
		t.Fatalf("the processes said:\n%s", all.String())
	}
	return all.String()
}

// testBinary is this test binary in a role, with the root and the database of
// conf.
func testBinary(role string, conf *config.Config, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{conf.Root, conf.Database.URL}, args...)...)
	cmd.Env = append(os.Environ(), roleVar+"="+role)
	return cmd
}

// newConfig is the configuration of an app in its own directory.
func newConfig(root string, env config.Env) *config.Config {
	conf := config.Default(root)
	conf.Name, conf.Env = "qna", env
	return conf
}

// migrations are files for SQLite.
func migrations(files ...string) fstest.MapFS { return sqlite.migrations(files...) }

// board is the schema of most tests, for SQLite.
func board() fstest.MapFS { return sqlite.board() }

// start migrates and opens a database for the length of the test.
func start(t testing.TB, conf *config.Config, files fs.FS) *db.DB {
	t.Helper()
	d := db.New(conf, files)
	check(t, d.Migrate(t.Context()))
	check(t, d.Start(t.Context()))
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// openBoard is a started SQLite database with the schema of board.
func openBoard(t testing.TB) *db.DB { return sqlite.open(t) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// count runs a query for one number.
func count(t testing.TB, d *db.DB, query string, args ...any) int {
	t.Helper()
	n, err := db.One[int](t.Context(), d, query, args...)
	check(t, err)
	return n
}

// says fails unless err's text contains all of the words.
func says(t testing.TB, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one that says %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

// capture is a logger and what it wrote.
func capture() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}

var errOops = errors.New("oops")
