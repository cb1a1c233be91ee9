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
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/sqlite"
)

// roleVar makes the test binary one of several processes on one database.
const roleVar = "DB_TEST_ROLE"

func TestMain(m *testing.M) {
	role := os.Getenv(roleVar)
	if role == "" {
		os.Exit(m.Run())
	}
	fmt.Println("ready") // and begin together with the others
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		os.Exit(3)
	}
	if err := roles[role](context.Background(), os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// processes runs the test binary n times in a role, lets all begin at once, and
// returns what they printed.
func processes(t *testing.T, n int, role, root string) string {
	t.Helper()
	var cmds []*exec.Cmd
	var ins []io.WriteCloser
	var outs []*bufio.Reader
	for range n {
		cmd := exec.Command(os.Args[0], root)
		cmd.Env = append(os.Environ(), roleVar+"="+role)
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

// newConfig is the configuration of an app in its own directory.
func newConfig(root string, env config.Env) *config.Config {
	conf := config.Default(root)
	conf.Name, conf.Env = "qna", env
	return conf
}

// migrations makes a file system of them; name, text, name, text …
func migrations(files ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		all["migrations/"+files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return all
}

// board is the schema of most tests.
func board() fstest.MapFS {
	return migrations("0001_board.sql", `-- +goose Up
CREATE TABLE question (id INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE);
CREATE TABLE answer (
	id INTEGER PRIMARY KEY,
	question_id INTEGER NOT NULL REFERENCES question ON DELETE CASCADE,
	text TEXT NOT NULL
);
CREATE TABLE counter (n INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
CREATE TABLE event (id INTEGER PRIMARY KEY, at TIMESTAMP NOT NULL);
CREATE TABLE vote (user_id INTEGER, question_id INTEGER, PRIMARY KEY (user_id, question_id));
`)
}

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

// openBoard is a started database with the schema of board.
func openBoard(t testing.TB) *db.DB {
	return start(t, newConfig(t.TempDir(), config.Test), board())
}

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

// glob lists base names beside the database.
func glob(t testing.TB, conf *config.Config, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(conf.Path("data", pattern))
	check(t, err)
	return found
}
