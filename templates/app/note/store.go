package note

import (
	"context"

	"github.com/dram-go/dram/framework/db"
)

// Store keeps the notes.
type Store struct{ DB *db.DB }

// Latest returns the newest notes, at most limit of them.
func (s *Store) Latest(ctx context.Context, limit int) ([]Note, error) {
	return db.All[Note](ctx, s.DB,
		`SELECT id, text, created FROM note ORDER BY created DESC, id DESC LIMIT ?`, limit)
}

// Create stores a note and returns its number.
func (s *Store) Create(ctx context.Context, f Form) (int64, error) {
	return s.DB.Insert(ctx, `INSERT INTO note (text, created) VALUES (?, ?)`, f.Text, s.DB.Now())
}
