package db_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// sqlVerb is the verb, run as the app's binary runs it.
func sqlVerb(ctx context.Context, conf *config.Config) error {
	d := db.New(conf, board())
	if err := d.Start(ctx); err != nil {
		return err
	}
	defer d.Close(ctx)
	for _, run := range d.Commands() {
		return run(ctx, os.Args[3:])
	}
	return nil
}

func TestSQL(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		d := start(t, conf, k.board())
		sql := func(in string, args ...string) (string, error) {
			t.Helper()
			return roleOutput(t, "sql", conf, in, args...)
		}

		_, err := sql("", "INSERT INTO question (subject) VALUES ('왜?')")
		says(t, err, "this statement writes: run it with sql --write")
		if n := count(t, d, `SELECT count(*) FROM question`); n != 0 {
			t.Fatalf("%d rows written without --write", n)
		}
		bell := map[string]string{"sqlite": "char(7)", "postgres": "chr(7)"}[k.name]
		out, err := sql("", "--write", "INSERT INTO question (id, subject) VALUES (1, '왜?'), (2, 'so')",
			"INSERT INTO question (id, subject) VALUES (3, 'a'||"+bell+") RETURNING subject")
		check(t, err)
		if !strings.Contains(out, "ok, 2 changed\nsubject\n\"a\\a\"\n(1 row)\n") {
			t.Errorf("write printed:\n%s", out)
		}

		out, err = sql("", "SELECT id, subject, NULL AS none FROM question WHERE id < 3 ORDER BY id")
		check(t, err)
		if want := "id  subject  none\n1   왜?       NULL\n2   so       NULL\n(2 rows)\n"; out != want {
			t.Errorf("printed:\n%s\nexpected:\n%s", out, want)
		}
		out, err = sql("SELECT id, subject\n  FROM question WHERE id = 1;\n-- no more\nSELECT 2 AS n", "--json")
		check(t, err)
		if want := "[\n  {\"id\": 1, \"subject\": \"왜?\"}\n]\n[\n  {\"n\": 2}\n]\n"; out != want {
			t.Errorf("printed:\n%s\nexpected:\n%s", out, want)
		}
		_, err = sql("", "SELECT nothing FROM question")
		says(t, err, "nothing")
		if strings.Contains(err.Error(), ".go:") {
			t.Errorf("the error names a line of the framework: %v", err)
		}
		_, err = sql("", "--wirte")
		says(t, err, "-wirte", "see sql --help")
		out, err = sql("", "--help")
		check(t, err)
		if !strings.Contains(out, "Usage: sql [--write]") || !strings.Contains(out, "-json") {
			t.Errorf("help:\n%s", out)
		}
	})
}

// roleOutput runs the test binary in a role until it ends.
func roleOutput(t *testing.T, role string, conf *config.Config, in string, args ...string) (string, error) {
	t.Helper()
	cmd := testBinary(role, conf, args...)
	cmd.Stdin = io.MultiReader(strings.NewReader("go\n"), strings.NewReader(in))
	var out strings.Builder
	cmd.Stdout = &out
	err := cmd.Run()
	said := strings.TrimPrefix(out.String(), "ready\n")
	if err != nil {
		return "", &roleError{said}
	}
	return said, nil
}

// roleError is what a role printed last.
type roleError struct{ text string }

func (e *roleError) Error() string { return e.text }
