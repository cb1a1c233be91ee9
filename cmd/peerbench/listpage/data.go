package listpage

import (
	"fmt"
	"time"
)

// Page is what the page shows.
type Page struct {
	Title                          string
	Total, Previous, Current, Next int
	Numbers                        []int
	Rows                           []Question
}

// Question is one row.
type Question struct {
	ID      int64
	Subject string
	Answers int
	Created time.Time
}

// Ordinal numbers the rows downwards through all pages.
func (p *Page) Ordinal(index int) int { return p.Total - (p.Current-1)*10 - index }

// Machine and Human are how times are written.
const (
	Machine = "2006-01-02T15:04:05Z07:00"
	Human   = "2006-01-02 15:04"
)

// Data returns a page of ten rows, three of which have something to escape.
func Data() *Page {
	p := &Page{Title: "Questions", Total: 300, Previous: 1, Current: 2, Next: 3, Numbers: []int{1, 2, 3, 4, 5, 30}}
	subjects := []string{
		"How do I write a web application in Go", "질문과 답변 게시판 만들기", "What does \"context deadline exceeded\" mean?",
		"Is there a way to migrate SQLite without losing rows", "세션은 어디에 저장되나요", "Which <form> fields does Bind accept?",
		"Deploying behind nginx", "How are static files fingerprinted", "Tom & Jerry: two workers, one database", "답변이 없는 질문만 보고 싶습니다",
	}
	for i, subject := range subjects {
		p.Rows = append(p.Rows, Question{
			ID: int64(4000 + i), Subject: fmt.Sprintf("%s (%d)", subject, i), Answers: i % 3,
			Created: time.Date(2026, 2, 3, 4, 5*i, 6, 0, time.UTC),
		})
	}
	return p
}
