package db

import (
	"slices"
	"testing"
)

func TestWholeStatements(t *testing.T) {
	for _, c := range []struct {
		text, rest string
		statements []string
	}{
		{"", "", nil},
		{" ;; -- nothing\n", "", nil},
		{"SELECT 1", "SELECT 1", nil},
		{"SELECT 1;\n", "", []string{"SELECT 1"}},
		{"SELECT ';' ; SELECT \";\" -- ;\n; SELE", " SELE", []string{"SELECT ';'", "SELECT \";\" -- ;"}},
		{"SELECT $$;$$;", "", []string{"SELECT $$;$$"}},
		{"CREATE TRIGGER t AFTER INSERT ON q BEGIN UPDATE q SET a = 1; END; SELECT 2;", "",
			[]string{"CREATE TRIGGER t AFTER INSERT ON q BEGIN UPDATE q SET a = 1; END", "SELECT 2"}},
		{"create temp trigger t BEGIN SELECT 1;", "create temp trigger t BEGIN SELECT 1;", nil},
		{"CREATE TABLE trigger (a); SELECT 1;", "", []string{"CREATE TABLE trigger (a)", "SELECT 1"}},
	} {
		statements, rest := wholeStatements(c.text)
		if !slices.Equal(statements, c.statements) || rest != c.rest {
			t.Errorf("wholeStatements(%q) = %q, %q; expected %q, %q", c.text, statements, rest, c.statements, c.rest)
		}
	}
}

func TestReturnsRows(t *testing.T) {
	for statement, want := range map[string]bool{
		"SELECT 1": true, " -- a\n(SELECT 1)": true, "VALUES (1)": true, "PRAGMA user_version": true,
		"EXPLAIN SELECT 1": true, "WITH a AS (SELECT 1) SELECT * FROM a": true,
		"INSERT INTO q VALUES (1) RETURNING id":         true,
		"WITH a AS (SELECT 1) INSERT INTO q SELECT 'x'": false,
		"INSERT INTO q VALUES ('returning')":            false,
		"UPDATE q SET a = 1":                            false, "CREATE TABLE a (b)": false, "": false,
	} {
		if got := returnsRows(statement); got != want {
			t.Errorf("returnsRows(%q) = %v", statement, got)
		}
	}
}

func FuzzWholeStatements(f *testing.F) {
	f.Add("SELECT ';'; CREATE TRIGGER a BEGIN b; END; c")
	f.Fuzz(func(t *testing.T, text string) {
		statements, rest := wholeStatements(text)
		for _, s := range statements {
			if blank(s) {
				t.Errorf("an empty statement of %q", text)
			}
		}
		if more, _ := wholeStatements(rest + "\nend;"); rest != "" && len(more) == 0 && !blank(rest) {
			// Only what is not closed (a string, a comment) may go on.
			if again, _ := wholeStatements(rest); len(again) > 0 {
				t.Errorf("%q left %q, which holds a whole statement", text, rest)
			}
		}
	})
}
