package db

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Destructive is a statement of a migration that takes away what the build
// which still serves may need.
type Destructive struct {
	File      string // migrations/0003_views.sql
	Line      int
	Statement string // on one line
	Reason    string // "drops the column views"
}

// String is "FILE:LINE: what it does, in STATEMENT".
func (d Destructive) String() string {
	return fmt.Sprintf("%s:%d: it %s, in %s", d.File, d.Line, d.Reason, d.Statement)
}

// DestructiveError lists what [DB.Destructive] found.
type DestructiveError struct{ Found []Destructive }

// Destructive tells this error from others for those that do not import this
// package: a first start, where no earlier build serves, ignores it.
func (*DestructiveError) Destructive() bool { return true }

func (e *DestructiveError) Error() string {
	var b strings.Builder
	for _, found := range e.Found {
		fmt.Fprintln(&b, found)
	}
	b.WriteString("The build that still serves would fail: move this into a later file with the line -- +dram after, " +
		"which runs once that build is gone, or, where it needs none of this, put the line -- +dram expand into the file.")
	return b.String()
}

// FindDestructive reads the migrations in the folder migrations of files and
// reports what a running build of an earlier version would not survive: DROP,
// RENAME, another type, NOT NULL without a DEFAULT, TRUNCATE, DELETE without
// WHERE, and the rebuild of a table. It reports nothing of files that say
// "-- +dram after" or "-- +dram expand", nor of what a file itself created.
func FindDestructive(files fs.FS) ([]Destructive, error) {
	all, err := migrationFiles(files)
	if err != nil {
		return nil, err
	}
	return destructiveIn(files, all)
}

// Destructive returns a [DestructiveError] when a migration that has not been
// applied would harm the build that serves now. A new database has no such
// build. It changes nothing.
func (d *DB) Destructive(ctx context.Context) error {
	if d.broken != nil {
		return d.broken
	}
	p, err := d.plan(ctx)
	if err != nil || len(p.applied) == 0 {
		return err
	}
	found, err := destructiveIn(d.files, p.pending)
	if err != nil || len(found) == 0 {
		return err
	}
	return &DestructiveError{Found: found}
}

func destructiveIn(files fs.FS, migrations []migration) ([]Destructive, error) {
	var found []Destructive
	for _, m := range migrations {
		if m.after || m.expand {
			continue
		}
		text, err := fs.ReadFile(files, path.Join(migrationsDir, m.name))
		if err != nil {
			return nil, err
		}
		found = append(found, destructive(m.path(), string(text))...)
	}
	return found, nil
}

// destructive examines the Up part of one file.
func destructive(file, text string) []Destructive {
	var found []Destructive
	created := map[string]bool{}
	all := upStatements(text)
	for i, s := range all {
		if name, ok := s.created(); ok {
			created[name] = true
		}
		reason := s.harm(created)
		if table := s.droppedTable(); reason != "" && table != "" && renamedTo(all[i+1:], table) {
			reason = "rebuilds the table " + table + ", and whether a running build can live with the new form cannot be seen"
		}
		if reason != "" {
			found = append(found, Destructive{
				File: file, Line: 1 + strings.Count(text[:s.at], "\n"), Statement: oneLine(s.text), Reason: reason,
			})
		}
	}
	return found
}

// statement is one statement of a migration.
type statement struct {
	at     int // byte offset in the file
	text   string
	tokens []token // without space
}

// upStatements cuts the part of a file between -- +goose Up and -- +goose Down
// at its semicolons, except between StatementBegin and StatementEnd.
func upStatements(file string) []statement {
	var all []statement
	at, from, inside := 0, -1, false
	flush := func(to int) {
		if from >= 0 {
			all = append(all, cut(file[from:to], from, inside)...)
		}
	}
	for line := range strings.Lines(file) {
		start := at
		at += len(line)
		switch annotation(line, "+goose") {
		case "up":
			from = at
		case "down":
			flush(start)
			return all
		case "statementbegin":
			flush(start)
			from, inside = at, true
		case "statementend":
			flush(start)
			from, inside = at, false
		}
	}
	flush(at)
	return all
}

// annotation returns the words behind "-- +goose", in lower case, with their
// blanks folded; "" if the line is something else.
func annotation(line, mark string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
	if !ok {
		return ""
	}
	words := strings.Fields(rest)
	if len(words) < 2 || words[0] != mark {
		return ""
	}
	return strings.ToLower(strings.Join(words[1:], " "))
}

// cut makes statements of SQL that begins at an offset.
func cut(sql string, offset int, whole bool) []statement {
	var all []statement
	var s statement
	lex := lexer{sql: sql}
	end := func() {
		if len(s.tokens) > 0 {
			first, last := s.tokens[0], s.tokens[len(s.tokens)-1]
			s.at, s.text = offset+first.at, sql[first.at:last.at+len(last.text)]
			all = append(all, s)
		}
		s = statement{}
	}
	for t, ok := lex.significant(); ok; t, ok = lex.significant() {
		if t.is(";") && !whole {
			end()
			continue
		}
		s.tokens = append(s.tokens, t)
	}
	end()
	return all
}

// created returns the table that the statement creates.
func (s statement) created() (string, bool) {
	c := clause{s.tokens}
	if !c.take("create") {
		return "", false
	}
	c.takeAny("temp", "temporary", "unlogged")
	if !c.take("table") {
		return "", false
	}
	_ = c.take("if") && c.take("not") && c.take("exists")
	return c.name(), true
}

// droppedTable returns the table of a DROP TABLE, "" of others.
func (s statement) droppedTable() string {
	c := clause{s.tokens}
	if !c.take("drop") || !c.take("table") {
		return ""
	}
	_ = c.take("if") && c.take("exists")
	return c.name()
}

// renamedTo reports whether a later statement gives another table this name.
func renamedTo(later []statement, table string) bool {
	return slices.ContainsFunc(later, func(s statement) bool {
		c := clause{s.tokens}
		if !c.take("alter") || !c.take("table") {
			return false
		}
		_ = c.take("if") && c.take("exists")
		_ = c.name()
		return c.take("rename") && c.take("to") && c.name() == table
	})
}

// harm says what the statement takes away, "" if nothing. What the file has
// created itself nobody needs yet.
func (s statement) harm(created map[string]bool) string {
	c := clause{s.tokens}
	switch {
	case c.take("drop"):
		return c.drop(created)
	case c.take("truncate"):
		c.take("table")
		return "empties the table " + c.name()
	case c.take("delete") && c.take("from"):
		c.take("only")
		table := c.name()
		if created[table] || c.has("where") {
			return ""
		}
		return "deletes every row of " + table
	case c.take("alter") && c.take("table"):
		_ = c.take("if") && c.take("exists")
		c.take("only")
		table := c.name()
		if created[table] {
			return ""
		}
		return c.alterTable(table)
	}
	c = clause{s.tokens}
	if c.take("alter") && c.takeAny("view", "materialized", "type", "schema", "sequence", "domain") && c.has("rename") {
		return "renames something: " + oneLine(s.text)
	}
	return ""
}

// clause is what is left of a statement.
type clause struct{ rest []token }

// take removes a keyword if it is next.
func (c *clause) take(keyword string) bool {
	if len(c.rest) == 0 || !c.rest[0].is(keyword) {
		return false
	}
	c.rest = c.rest[1:]
	return true
}

// takeAny removes one of several keywords.
func (c *clause) takeAny(keywords ...string) bool { return slices.ContainsFunc(keywords, c.take) }

// has reports whether a keyword stands anywhere outside of parentheses.
func (c *clause) has(keyword string) bool {
	depth := 0
	for _, t := range c.rest {
		depth += nesting(t)
		if depth == 0 && t.is(keyword) {
			return true
		}
	}
	return false
}

// name removes a name and returns its last part as the database compares it.
func (c *clause) name() string {
	name := ""
	for len(c.rest) > 0 && (c.rest[0].kind == word || c.rest[0].kind == quoted) {
		name = plainName(c.rest[0])
		c.rest = c.rest[1:]
		if !c.take(".") {
			break
		}
	}
	return name
}

// plainName takes the quotes off; without quotes case does not matter.
func plainName(t token) string {
	if t.kind != quoted || len(t.text) < 2 {
		return strings.ToLower(t.text)
	}
	mark := t.text[:1]
	return strings.ReplaceAll(t.text[1:len(t.text)-1], mark+mark, mark)
}

// drop judges what follows DROP. Indexes, triggers and the like can go: no
// statement names them.
func (c *clause) drop(created map[string]bool) string {
	c.take("materialized")
	for _, what := range []string{"table", "view", "schema", "type", "domain", "sequence", "function", "procedure"} {
		if !c.take(what) {
			continue
		}
		_ = c.take("if") && c.take("exists")
		name := c.name()
		if what == "table" && created[name] {
			return ""
		}
		return "drops the " + what + " " + name
	}
	return ""
}

// alterTable judges the actions of an ALTER TABLE, which PostgreSQL separates
// by commas, and returns the first that does harm.
func (c *clause) alterTable(table string) string {
	depth, from := 0, 0
	for i, t := range c.rest {
		depth += nesting(t)
		if depth == 0 && t.is(",") {
			if harm := (&clause{c.rest[from:i]}).action(table); harm != "" {
				return harm
			}
			from = i + 1
		}
	}
	return (&clause{c.rest[from:]}).action(table)
}

// action judges one action of an ALTER TABLE.
func (c *clause) action(table string) string {
	switch {
	case c.take("drop"):
		if c.take("constraint") {
			return ""
		}
		c.take("column")
		_ = c.take("if") && c.take("exists")
		return "drops the column " + c.name() + " of " + table
	case c.take("rename"):
		return c.rename(table)
	case c.take("add"):
		return c.add(table)
	case c.take("alter"):
		if c.take("constraint") {
			return ""
		}
		c.take("column")
		return c.alterColumn(table)
	case c.take("set") && c.take("schema"):
		return "moves the table " + table + " to another schema"
	}
	return ""
}

func (c *clause) rename(table string) string {
	switch {
	case c.take("to"):
		return "renames the table " + table
	case c.take("constraint"):
		return ""
	}
	c.take("column")
	return "renames the column " + c.name() + " of " + table
}

func (c *clause) alterColumn(table string) string {
	column := c.name() + " of " + table
	switch {
	case c.take("type"), c.take("set") && (c.take("data") || c.take("type")):
		return "changes the type of the column " + column
	case c.take("not"): // what is left of SET NOT NULL
		return "makes the column " + column + " NOT NULL, and a running build may leave it empty"
	case c.take("drop") && c.take("default"):
		return "drops the default of the column " + column
	}
	return ""
}

// add judges a new column: a running build does not fill it.
func (c *clause) add(table string) string {
	if c.takeAny("constraint", "primary", "unique", "foreign", "check", "exclude") {
		return ""
	}
	c.take("column")
	_ = c.take("if") && c.take("not") && c.take("exists")
	column := c.name()
	if !c.has("not") || !c.has("null") {
		return ""
	}
	for _, filled := range []string{"default", "generated", "serial", "bigserial", "smallserial", "as"} {
		if c.has(filled) {
			return ""
		}
	}
	return "adds the column " + column + " to " + table + " as NOT NULL without a DEFAULT, and a running build does not fill it"
}
