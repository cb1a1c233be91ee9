package db

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Commands is the app's verb for statements by hand:
//
//	qna sql "SELECT * FROM question"      each argument is one statement
//	qna sql < report.sql                  statements that end with ;
//	qna sql                               asks for them, on a terminal
//
// It reads only, by the connections that cannot do otherwise; with --write each
// statement is a transaction. With --json each statement prints an array of
// rows. It speaks to the database by the library that the app is built with:
// a sqlite3 program of another version beside a running app is a danger to the
// file (see [Engine.Check]).
func (d *DB) Commands() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{
		"sql run SQL statements on the database (sql --help)": func(ctx context.Context, args []string) error {
			c := &console{db: d, out: os.Stdout, prompt: isTerminal(os.Stdin)}
			return c.run(ctx, args, os.Stdin)
		},
	}
}

const consoleUsage = `Usage: sql [--write] [--json] [STATEMENT…]

Each argument is one statement. Without any they are read from standard input,
where each ends with a semicolon.

Examples:
  sql "SELECT id, subject FROM question ORDER BY id DESC LIMIT 10"
  sql --write "UPDATE question SET subject = 'x' WHERE id = 1"
  sql --json < report.sql

Flags:
`

// console runs statements for somebody who types them.
type console struct {
	db     *DB
	out    io.Writer
	prompt bool // somebody sits there: ask, and go on after a mistake
	write  bool
	json   bool
}

func (c *console) run(ctx context.Context, args []string, in io.Reader) error {
	flags := flag.NewFlagSet("sql", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&c.write, "write", false, "let statements change the database, each in a transaction of its own")
	flags.BoolVar(&c.json, "json", false, "print the rows of each statement as a JSON array")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(c.out, consoleUsage)
		flags.SetOutput(c.out)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return fmt.Errorf("%w; see sql --help", err)
	}
	if flags.NArg() == 0 {
		return c.converse(ctx, in)
	}
	for _, statement := range flags.Args() {
		if err := c.execute(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// converse runs the statements that come from in.
func (c *console) converse(ctx context.Context, in io.Reader) error {
	if c.prompt {
		mode := "reading only, see --write"
		if c.write {
			mode = "writing"
		}
		fmt.Fprintf(c.out, "%s, %s; a statement ends with ;, the end of input ends this\n", c.db.engine, mode)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	var text string
	for c.ask(text == ""); lines.Scan(); c.ask(text == "") {
		text += lines.Text() + "\n"
		var statements []string
		statements, text = wholeStatements(text)
		for _, statement := range statements {
			if err := c.execute(ctx, statement); err != nil {
				if !c.prompt || ctx.Err() != nil {
					return err
				}
				fmt.Fprintln(c.out, err)
			}
		}
	}
	if c.prompt {
		fmt.Fprintln(c.out)
		return lines.Err()
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if blank(text) {
		return nil
	}
	return c.execute(ctx, text) // the last one may do without its semicolon
}

func (c *console) ask(first bool) {
	switch {
	case !c.prompt:
	case first:
		fmt.Fprint(c.out, "sql> ")
	default:
		fmt.Fprint(c.out, "...> ")
	}
}

// execute runs one statement and prints what it returns.
func (c *console) execute(ctx context.Context, statement string) error {
	var rows *grid
	do := func(ctx context.Context) error {
		return c.db.read(ctx, statement, nil, func(q sqlx.QueryerContext, query string, args []any) (n int64, err error) {
			rows, err = readGrid(ctx, q, query, args)
			return rows.len(), err
		})
	}
	if !c.write {
		return c.finish(c.db.Read(ctx, do), rows)
	}
	if returnsRows(statement) {
		return c.finish(c.db.Write(ctx, do), rows)
	}
	result, err := c.db.Exec(ctx, statement)
	if err != nil {
		return consoleError(err)
	}
	n, err := result.RowsAffected()
	if err != nil || c.json {
		return err
	}
	_, err = fmt.Fprintf(c.out, "ok, %d changed\n", n)
	return err
}

func (c *console) finish(err error, rows *grid) error {
	if err != nil {
		return consoleError(err)
	}
	if c.json {
		return rows.writeJSON(c.out)
	}
	return rows.writeTable(c.out)
}

// consoleError leaves out where the app issued the statement: nobody did.
func consoleError(err error) error {
	var readOnly *ReadOnlyError
	if errors.As(err, &readOnly) {
		return errors.New("this statement writes: run it with sql --write")
	}
	var query *QueryError
	if errors.As(err, &query) {
		return query.Err
	}
	return err
}

// wholeStatements parts whole statements, without their semicolons, from what is still to
// be ended. A trigger's own statements end with semicolons too: it is whole
// after END;.
func wholeStatements(text string) (statements []string, rest string) {
	lex := lexer{sql: text}
	var words []string // the first few of the statement
	from, ended := 0, false
	for t, ok := lex.significant(); ok; t, ok = lex.significant() {
		switch {
		case t.is(";") && (!definesTrigger(words) || ended):
			if statement := text[from:t.at]; !blank(statement) {
				statements = append(statements, strings.TrimSpace(statement))
			}
			from, words, ended = lex.pos, nil, false
		case t.kind == word && len(words) < 3:
			words = append(words, t.text)
		default:
			ended = t.is("end")
		}
	}
	if rest = text[from:]; blank(rest) {
		rest = ""
	}
	return statements, rest
}

// definesTrigger knows CREATE TRIGGER and CREATE TEMP TRIGGER of SQLite, which
// contain statements; PostgreSQL's only name a function, and end with it.
func definesTrigger(words []string) bool {
	if len(words) < 2 || !strings.EqualFold(words[0], "create") {
		return false
	}
	kind := words[1]
	if strings.EqualFold(kind, "temp") || strings.EqualFold(kind, "temporary") {
		if len(words) < 3 {
			return false
		}
		kind = words[2]
	}
	return strings.EqualFold(kind, "trigger")
}

// blank reports whether there is nothing but space and comments.
func blank(sql string) bool {
	lex := lexer{sql: sql}
	_, found := lex.significant()
	return !found
}

// returnsRows guesses from the words of a statement what the drivers do not
// say: whether it is to be read or executed.
func returnsRows(statement string) bool {
	lex := lexer{sql: statement}
	first, ok := lex.significant()
	for ok && first.is("(") {
		first, ok = lex.significant()
	}
	for _, word := range []string{"select", "values", "pragma", "explain", "show", "table"} {
		if first.is(word) {
			return true
		}
	}
	returning, changes := false, false
	for t, ok := lex.significant(); ok; t, ok = lex.significant() {
		returning = returning || t.is("returning")
		changes = changes || t.is("insert") || t.is("update") || t.is("delete")
	}
	return returning || first.is("with") && !changes
}

// isTerminal reports whether somebody sits at the other end.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
