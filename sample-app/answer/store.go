package answer

import (
	"context"

	"github.com/dram-go/dram/framework/db"
)

// Store keeps the answers.
type Store struct{ DB *db.DB }

// Of returns the answers to a question, oldest first.
func (s *Store) Of(ctx context.Context, questionID int64) ([]Answer, error) {
	return db.All[Answer](ctx, s.DB, `
SELECT id, question_id, content, create_date
FROM answer WHERE question_id = ? ORDER BY create_date, id`, questionID)
}

// Create stores what a visitor answered and returns its number.
func (s *Store) Create(ctx context.Context, questionID int64, f Form) (int64, error) {
	return s.Add(ctx, Answer{QuestionID: questionID, Content: f.Content, Created: s.DB.Now()})
}

// Add stores an answer as it is, its ID excepted. The question has to exist:
// the database refuses an orphan.
func (s *Store) Add(ctx context.Context, a Answer) (int64, error) {
	return s.DB.Insert(ctx,
		`INSERT INTO answer (question_id, content, create_date) VALUES (?, ?, ?)`,
		a.QuestionID, a.Content, a.Created)
}
