// Package answer is the answers to the questions of the board.
package answer

import "time"

// Answer is one answer to a question.
type Answer struct {
	ID         int64
	QuestionID int64
	Content    string
	Created    time.Time `db:"create_date"`
}

// Form is what a visitor fills in to answer.
type Form struct {
	Content string `form:"content" label:"답변 내용" validate:"required,max=20000" input:"textarea"`
}
