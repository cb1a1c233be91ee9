package question

import (
	"context"

	"github.com/dram-go/dram/framework/db"
)

// Store keeps the questions.
type Store struct{ DB *db.DB }

// columns are those of every query that returns a Question.
const columns = `q.id, q.subject, q.content, q.create_date,
       (SELECT count(*) FROM answer a WHERE a.question_id = q.id) AS answers`

// Find returns a question. Without such a row the error is db.ErrNotFound,
// which the framework answers with the 404 page.
func (s *Store) Find(ctx context.Context, id int64) (Question, error) {
	return db.One[Question](ctx, s.DB, `SELECT `+columns+` FROM question q WHERE q.id = ?`, id)
}

// Count returns the number of questions.
func (s *Store) Count(ctx context.Context) (int, error) {
	return db.One[int](ctx, s.DB, `SELECT count(*) FROM question`)
}

// List returns one page of questions, newest first. A number outside the
// pages there are gives the nearest one.
func (s *Store) List(ctx context.Context, number int) (Page, error) {
	page, err := db.PageOf[Question](ctx, s.DB, db.List{
		Select: columns,
		From:   `question q`,
		Order:  `q.create_date DESC, q.id DESC`,
		Most:   -1, // the rows are numbered by their total
	}, number, perPage)
	return Page{page}, err
}

// Create stores what a visitor asked and returns its number.
func (s *Store) Create(ctx context.Context, f Form) (int64, error) {
	return s.Add(ctx, Question{Subject: f.Subject, Content: f.Content, Created: s.DB.Now()})
}

// Add stores a question as it is, its ID excepted.
func (s *Store) Add(ctx context.Context, q Question) (int64, error) {
	return s.DB.Insert(ctx,
		`INSERT INTO question (subject, content, create_date) VALUES (?, ?, ?)`,
		q.Subject, q.Content, q.Created)
}
