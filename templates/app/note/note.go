// Package note is the notes of the app: what one is, where it is kept and
// the page that shows them. Other nouns get packages like this one.
package note

import "time"

// Note is one note.
type Note struct {
	ID      int64
	Text    string
	Created time.Time
}

// Form is what a visitor fills in to leave a note.
type Form struct {
	Text string `form:"text" validate:"required,max=500" input:"textarea"`
}
