package db

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestDestructiveStatements(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		// What takes something away.
		`DROP TABLE question;`:                                      "drops the table question",
		`drop table if exists board."Question";`:                    "drops the table Question",
		`DROP VIEW v; `:                                             "drops the view v",
		`DROP MATERIALIZED VIEW v;`:                                 "drops the view v",
		`DROP TYPE mood;`:                                           "drops the type mood",
		`ALTER TABLE question DROP COLUMN views;`:                   "drops the column views of question",
		`ALTER TABLE question DROP views;`:                          "drops the column views of question",
		`ALTER TABLE IF EXISTS ONLY q DROP COLUMN IF EXISTS v;`:     "drops the column v of q",
		`ALTER TABLE q ADD a INTEGER, DROP COLUMN b;`:               "drops the column b of q",
		`ALTER TABLE q ADD a NUMERIC(5, 2), ADD b TEXT NOT NULL;`:   "adds the column b to q as NOT NULL",
		`ALTER TABLE q RENAME TO r;`:                                "renames the table q",
		`ALTER TABLE q RENAME COLUMN a TO b;`:                       "renames the column a of q",
		"ALTER TABLE `q` RENAME a TO b;":                            "renames the column a of q",
		`ALTER TABLE q SET SCHEMA old;`:                             "moves the table q",
		`ALTER TABLE q ALTER COLUMN a TYPE BIGINT;`:                 "changes the type of the column a of q",
		`ALTER TABLE q ALTER a SET DATA TYPE BIGINT USING a::int8;`: "changes the type of the column a of q",
		`ALTER TABLE q ALTER a SET NOT NULL;`:                       "makes the column a of q NOT NULL",
		`ALTER TABLE q ALTER a DROP DEFAULT;`:                       "drops the default of the column a of q",
		`ALTER TABLE q ADD COLUMN a TEXT NOT NULL;`:                 "adds the column a to q as NOT NULL without a DEFAULT",
		`ALTER TABLE q ADD a TEXT CHECK (a <> 'default') NOT NULL;`: "adds the column a to q as NOT NULL without a DEFAULT",
		`DELETE FROM question;`:                                     "deletes every row of question",
		`DELETE FROM q USING (SELECT 1 WHERE true) AS x;`:           "deletes every row of q",
		`TRUNCATE TABLE question;`:                                  "empties the table question",
		`TRUNCATE question;`:                                        "empties the table question",
		`ALTER TYPE mood RENAME VALUE 'a' TO 'b';`:                  "renames something",
		`ALTER VIEW v RENAME TO w;`:                                 "renames something",
		`CREATE TABLE q_new (a); INSERT INTO q_new SELECT a FROM q; DROP TABLE q; ALTER TABLE q_new RENAME TO q;`: "rebuilds the table q",

		// What does not.
		`CREATE TABLE a (b TEXT NOT NULL); DROP TABLE a;`:                                         "",
		`CREATE TEMP TABLE IF NOT EXISTS A (b); ALTER TABLE a DROP b; DELETE FROM a;`:             "",
		`DROP INDEX question_subject;`:                                                            "",
		`DROP TRIGGER t;`:                                                                         "",
		`ALTER TABLE q ADD COLUMN views INTEGER NOT NULL DEFAULT 0;`:                              "",
		`ALTER TABLE q ADD COLUMN IF NOT EXISTS id BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY;`: "",
		`ALTER TABLE q ADD n SERIAL NOT NULL, ADD m INTEGER;`:                                     "",
		`ALTER TABLE q ADD CONSTRAINT c CHECK (a IS NOT NULL);`:                                   "",
		`ALTER TABLE q DROP CONSTRAINT c;`:                                                        "",
		`ALTER TABLE q RENAME CONSTRAINT c TO d;`:                                                 "",
		`ALTER TABLE q ALTER CONSTRAINT c DEFERRABLE;`:                                            "",
		`ALTER TABLE q ALTER a SET DEFAULT 1, ALTER b DROP NOT NULL;`:                             "",
		`ALTER TABLE q ENABLE ROW LEVEL SECURITY;`:                                                "",
		`ALTER SEQUENCE s RESTART;`:                                                               "",
		`DELETE FROM question WHERE id = 1;`:                                                      "",
		`UPDATE question SET views = 0;`:                                                          "",
		`INSERT INTO note VALUES ('DROP TABLE a; -- ');`:                                          "",
		"-- DROP TABLE question;\n/* DROP TABLE a; */ SELECT 1;":                                  "",
		`DO $$ BEGIN DELETE FROM a; END $$;`:                                                      "",
		"-- +goose StatementBegin\nCREATE TRIGGER t AFTER INSERT ON q BEGIN DELETE FROM c; END;\n-- +goose StatementEnd": "",
		"SELECT 1;\n-- +goose Down\nDROP TABLE question;":                                                                "",
	} {
		found := destructive("f.sql", "-- +goose Up\n"+sql+"\n")
		switch {
		case want == "" && len(found) > 0:
			t.Errorf("%s: %v, expected nothing", sql, found)
		case want != "" && (len(found) != 1 || !strings.HasPrefix(found[0].Reason, want)):
			t.Errorf("%s: %v, expected that it %s", sql, found, want)
		}
	}
}

func TestDestructiveNamesThePlace(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"0001_a.sql": "-- +goose Up\nCREATE TABLE a (b TEXT);\n-- +goose Down\nDROP TABLE a;\n",
		"0002_b.sql": "-- why\n-- +goose Up\n\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\nALTER TABLE a\n  DROP COLUMN b;\n\nDELETE FROM a;\n",
		"0003_c.sql": "-- +dram after\n-- +goose Up\nDROP TABLE a;\n",
		"0004_d.sql": "-- +goose Up\n--  +dram  expand\nDROP TABLE a;\n",
	} {
		files["migrations/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	found, err := FindDestructive(files)
	if err != nil || len(found) != 2 {
		t.Fatalf("found %v, %v", found, err)
	}
	want := []string{
		"migrations/0002_b.sql:7: it drops the column b of a, in ALTER TABLE a DROP COLUMN b",
		"migrations/0002_b.sql:10: it deletes every row of a, in DELETE FROM a",
	}
	for i := range want {
		if found[i].String() != want[i] {
			t.Errorf("found %s, expected %s", found[i], want[i])
		}
	}
	text := (&DestructiveError{Found: found}).Error()
	if !strings.Contains(text, want[0]+"\n"+want[1]+"\n") || !strings.Contains(text, "-- +dram after") {
		t.Errorf("the error is %s", text)
	}
}

// FuzzDestructive checks that no file makes it panic or name a line that the
// file does not have.
func FuzzDestructive(f *testing.F) {
	for _, seed := range []string{
		"-- +goose Up\nDROP TABLE a;\n-- +goose Down\nDROP", "-- +goose Up\nALTER TABLE a ADD, DROP b, RENAME c", "-- +goose StatementEnd\nDROP TABLE",
		"-- +goose Up\nALTER TABLE \"", "-- +goose Up\n);DROP TABLE .;", "-- +goose Up\n-- +goose StatementBegin\nDELETE FROM",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		for _, found := range destructive("f.sql", file) {
			if found.Line < 2 || found.Line > 1+strings.Count(file, "\n") || found.Reason == "" {
				t.Errorf("found %+v", found)
			}
		}
	})
}
