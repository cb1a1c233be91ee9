// Package question is the questions of the board: what one is, where it is
// kept and the pages that show it.
package question

import "time"

// Question is one question of the board.
type Question struct {
	ID      int64
	Subject string
	Content string
	Created time.Time `db:"create_date"`
	Answers int       // how many answers it has
}

// Form is what a visitor fills in to ask.
type Form struct {
	Subject string `form:"subject" label:"제목" validate:"required,max=200"`
	Content string `form:"content" label:"내용" validate:"required,max=20000" input:"textarea"`
}
