package db

import (
	"database/sql"
	"reflect"
	"strings"
	"testing"
)

func TestBindForPostgres(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`SELECT 1`:                                         `SELECT 1`,
		`WHERE a = ? AND b = ?`:                            `WHERE a = $1 AND b = $2`,
		`WHERE a = '?' AND b = ?`:                          `WHERE a = '?' AND b = $1`,
		`WHERE a = 'it''s ?' AND b = ?`:                    `WHERE a = 'it''s ?' AND b = $1`,
		`WHERE a = E'it\'s ?' AND b = ?`:                   `WHERE a = E'it\'s ?' AND b = $1`,
		`WHERE a = 'back\' AND b = ?`:                      `WHERE a = 'back\' AND b = $1`,
		`SELECT "why?" FROM t WHERE a = ?`:                 `SELECT "why?" FROM t WHERE a = $1`,
		`SELECT "a ""?"" b", ?`:                            `SELECT "a ""?"" b", $1`,
		"SELECT a -- why?\nFROM t WHERE a = ?":             "SELECT a -- why?\nFROM t WHERE a = $1",
		`SELECT a /* why? /* ? */ ? */ FROM t WHERE a = ?`: `SELECT a /* why? /* ? */ ? */ FROM t WHERE a = $1`,
		`SELECT $$ ? $$, $a$ ? $$ ? $a$, ?`:                `SELECT $$ ? $$, $a$ ? $$ ? $a$, $1`,
		`WHERE a ?? 'key' AND b ??| ? AND c = ?`:           `WHERE a ? 'key' AND b ?| $1 AND c = $2`,
		`SELECT a[?], m?::int`:                             `SELECT a[$1], m$2::int`,
		`SELECT '열기?', "한글?", ?`:                           `SELECT '열기?', "한글?", $1`,
		`SELECT 'not closed ?`:                             `SELECT 'not closed ?`,
		`SELECT $$not closed ?`:                            `SELECT $$not closed ?`,
		`SELECT /* not closed ?`:                           `SELECT /* not closed ?`,
		`SELECT 1 --`:                                      `SELECT 1 --`,
		`SELECT $1x$ ? $1x$`:                               `SELECT $1x$ $1 $1x$`,
	} {
		args := make([]any, strings.Count(want, "$1")/max(1, strings.Count(want, "$1"))+strings.Count(want, "$2"))
		if !strings.Contains(want, "$1") {
			args = nil
		}
		for i := range args {
			args[i] = i
		}
		got, gotArgs, err := bind(query, args, true)
		if err != nil || got != want || len(gotArgs) != len(args) {
			t.Errorf("%s\nbecame %s, %v\nexpected %s", query, got, err, want)
		}
	}
}

func TestBindForSQLiteLeavesStatementsAlone(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`WHERE a = ? AND b = :name`:  `WHERE a = ? AND b = :name`,
		`WHERE a = ?2 AND b = ?1`:    `WHERE a = ?2 AND b = ?1`,
		`SELECT '??', a ?? b, ?, ?3`: `SELECT '??', a ? b, ?, ?3`,
	} {
		if got, _, err := bind(query, []any{1}, false); err != nil || got != want {
			t.Errorf("%s became %s, %v, expected %s", query, got, err, want)
		}
	}
}

func TestBindFillsLists(t *testing.T) {
	t.Parallel()
	const query = `WHERE a = '?' AND b IN (?) AND c = ? AND d IN (?)`
	args := []any{[]int64{1, 2}, "x", []string{"y"}}
	flat := []any{int64(1), int64(2), "x", "y"}
	for dollar, want := range map[bool]string{
		true:  `WHERE a = '?' AND b IN ($1, $2) AND c = $3 AND d IN ($4)`,
		false: `WHERE a = '?' AND b IN (?, ?) AND c = ? AND d IN (?)`,
	} {
		got, gotArgs, err := bind(query, args, dollar)
		if err != nil || got != want || !reflect.DeepEqual(gotArgs, flat) {
			t.Errorf("became %s with %v, %v", got, gotArgs, err)
		}
	}
	// Values that look like lists.
	single := []any{[]byte("bytes"), sql.NullString{}, nil}
	if _, got, err := bind(`SELECT ?, ?, ?`, single, true); err != nil || !reflect.DeepEqual(got, single) {
		t.Errorf("single values became %v, %v", got, err)
	}
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		query string
		args  []any
		want  string
	}{
		{`SELECT ?, ?`, []any{1}, "1 arguments for 2 placeholders"},
		{`SELECT ?`, []any{1, 2}, "2 arguments for 1 placeholders"},
		{`SELECT '?'`, []any{1}, "1 arguments for 0 placeholders"},
		{`SELECT ?2, ?1`, []any{1, 2}, "the placeholder ?2 has a number"},
		{`a IN (?)`, []any{[]int{}}, "empty"},
	}
	for _, test := range tests {
		if _, _, err := bind(test.query, test.args, true); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, expected %q", test.query, err, test.want)
		}
	}
}

func TestInsertion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		sql, table, with string
		returning        bool
	}{
		{`INSERT INTO question (subject) VALUES (?)`, `question`, `INSERT INTO question (subject) VALUES (?) END`, false},
		{"insert /* into x */ into\n board.\"Q A\"(a) values ('returning');\n-- done; ", `board."Q A"`, "insert /* into x */ into\n board.\"Q A\"(a) values ('returning') END", false},
		{`WITH a AS (INSERT INTO b VALUES (1) RETURNING id) INSERT INTO c SELECT id FROM a`, `c`, `WITH a AS (INSERT INTO b VALUES (1) RETURNING id) INSERT INTO c SELECT id FROM a END`, false},
		{`INSERT INTO c (returning_at) VALUES (1) RETURNING id;`, `c`, `INSERT INTO c (returning_at) VALUES (1) RETURNING id END`, true},
		{`SELECT 1`, ``, `SELECT 1 END`, false},
		{`INSERT INTO`, ``, `INSERT INTO END`, false},
	}
	for _, test := range tests {
		in := Insertion{SQL: test.sql}
		if in.Table() != test.table || in.Returning() != test.returning || in.With("END") != test.with {
			t.Errorf("%s: table %s, returning %v, with %s", test.sql, in.Table(), in.Returning(), in.With("END"))
		}
	}
}

// FuzzLexer checks that tokens lose nothing and that binding never panics.
func FuzzLexer(f *testing.F) {
	for _, seed := range []string{
		`SELECT '?' FROM "a" WHERE b = ? -- c`, `$$a$$`, `$a$ $b$ $a$`, `E'\'' /* /* */ */ ??|`, "'", `"`, "`a`", `$`, `?1`, "\x00\xff", `/*`, `e'`, `-`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		lex, all := lexer{sql: sql}, ""
		for tok, ok := lex.next(); ok; tok, ok = lex.next() {
			if tok.text == "" || tok.at != len(all) {
				t.Fatalf("token %+v after %q", tok, all)
			}
			all += tok.text
		}
		if all != sql {
			t.Fatalf("the tokens make %q", all)
		}
		_, _, _ = bind(sql, []any{1, []int{2, 3}}, true)
		in := Insertion{SQL: sql}
		_, _, _ = in.Table(), in.Returning(), in.With("END")
	})
}
