package db_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"testing/fstest"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/sqlite"
)

// exampleDB opens a database in a new directory, as a runner does for an app.
func exampleDB() (d *db.DB, remove func()) {
	root, err := os.MkdirTemp("", "dram")
	if err != nil {
		log.Fatal(err)
	}
	conf := config.Default(root)
	conf.Env = config.Test
	d = db.New(conf, fstest.MapFS{
		"migrations/0001_question.sql": {Data: []byte(`-- +goose Up
CREATE TABLE question (
	id INTEGER PRIMARY KEY,
	subject TEXT NOT NULL UNIQUE,
	views INTEGER NOT NULL DEFAULT 0
);
`)},
	})
	if err := errors.Join(d.Migrate(context.Background()), d.Start(context.Background())); err != nil {
		log.Fatal(err)
	}
	return d, func() {
		_ = d.Close(context.Background())
		_ = os.RemoveAll(root)
	}
}

func ExampleOne() {
	d, remove := exampleDB()
	defer remove()
	ctx := context.Background()

	id, err := d.Insert(ctx, `INSERT INTO question (subject) VALUES (?)`, "Why Go?")
	if err != nil {
		log.Fatal(err)
	}
	type Question struct {
		ID      int64
		Subject string
	}
	q, err := db.One[Question](ctx, d, `SELECT id, subject FROM question WHERE id = ?`, id)
	fmt.Println(q.Subject, err)
	_, err = db.One[Question](ctx, d, `SELECT id, subject FROM question WHERE id = ?`, 99)
	fmt.Println(errors.Is(err, db.ErrNotFound))
	// Output:
	// Why Go? <nil>
	// true
}

func ExampleIsUnique() {
	d, remove := exampleDB()
	defer remove()
	ctx := context.Background()

	const insert = `INSERT INTO question (subject) VALUES (?)`
	_, _ = d.Insert(ctx, insert, "Why Go?")
	_, err := d.Insert(ctx, insert, "Why Go?")
	fmt.Println(db.IsUnique(err, "question.subject"))
	// Output: true
}

func ExampleDB_Write() {
	d, remove := exampleDB()
	defer remove()
	ctx := context.Background()
	_, _ = d.Insert(ctx, `INSERT INTO question (subject) VALUES (?)`, "Why Go?")

	// The parameter hides the outer ctx, so every call uses the transaction.
	err := d.Write(ctx, func(ctx context.Context) error {
		views, err := db.One[int](ctx, d, `SELECT views FROM question WHERE id = 1`)
		if err != nil {
			return err
		}
		_, err = d.Exec(ctx, `UPDATE question SET views = ? WHERE id = 1`, views+1)
		return err
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleAfterCommit() {
	d, remove := exampleDB()
	defer remove()

	err := d.Write(context.Background(), func(ctx context.Context) error {
		db.AfterCommit(ctx, func(context.Context) { fmt.Println("tell the others") })
		fmt.Println("write")
		return nil
	})
	fmt.Println(err)
	// Output:
	// write
	// tell the others
	// <nil>
}

func ExamplePageOf() {
	d, remove := exampleDB()
	defer remove()
	ctx := context.Background()
	for i := range 25 {
		_, _ = d.Insert(ctx, `INSERT INTO question (subject) VALUES (?)`, fmt.Sprint("question ", i+1))
	}

	type Question struct {
		ID      int64
		Subject string
	}
	page, err := db.PageOf[Question](ctx, d, db.List{
		Select: `id, subject`,
		From:   `question WHERE subject LIKE ?`,
		Order:  `id DESC`,
		Args:   []any{"question%"},
	}, 3, 10)
	fmt.Println(page.Number, "of", page.Last(), "pages,", page.Total, "questions", err)
	fmt.Println(page.Rows[0].Subject)
	// Output:
	// 3 of 3 pages, 25 questions <nil>
	// question 5
}

func ExamplePartOf() {
	d, remove := exampleDB()
	defer remove()
	ctx := context.Background()
	for i := range 3 {
		_, _ = d.Insert(ctx, `INSERT INTO question (subject) VALUES (?)`, fmt.Sprint("question ", i+1))
	}

	type Question struct {
		ID      int64
		Subject string
	}
	list := db.List{Select: `id, subject`, From: `question`, Order: `id DESC`}
	part, err := db.PartOf[Question](ctx, d, list, "", 2)
	fmt.Println(part.Rows, err)
	part, err = db.PartOf[Question](ctx, d, list, part.Next, 2)
	fmt.Println(part.Rows, err, part.Next == "")
	// Output:
	// [{3 question 3} {2 question 2}] <nil>
	// [{1 question 1}] <nil> true
}

func ExampleStatements() {
	d, remove := exampleDB()
	defer remove()

	ctx := db.Count(context.Background())
	_, _ = db.All[string](ctx, d, `SELECT subject FROM question`)
	fmt.Println(db.Statements(ctx))
	// Output: 1
}

func ExampleFindDestructive() {
	found, err := db.FindDestructive(fstest.MapFS{
		"migrations/0002_views.sql": {Data: []byte("-- +goose Up\nALTER TABLE question DROP COLUMN views;\n")},
	})
	fmt.Println(found, err)
	// Output:
	// [migrations/0002_views.sql:2: it drops the column views of question, in ALTER TABLE question DROP COLUMN views] <nil>
}
