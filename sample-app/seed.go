package main

import (
	"context"

	"github.com/dram-go/dram/sample-app/answer"
	"github.com/dram-go/dram/sample-app/question"
)

// seed fills a board that has no question with samples, in one transaction:
// either all of them are there or none.
func (s *Site) seed(ctx context.Context) error {
	return s.DB.Write(ctx, func(ctx context.Context) error {
		total, err := s.Questions.Count(ctx)
		if err != nil || total > 0 {
			return err
		}
		for _, sample := range samples(s.settings.Samples, s.DB.Now()) {
			id, err := s.Questions.Add(ctx, question.Question{
				Subject: sample.subject,
				Content: sample.content,
				Created: sample.created,
			})
			if err != nil {
				return err
			}
			for _, a := range sample.answers {
				if _, err := s.Answers.Add(ctx, answer.Answer{
					QuestionID: id,
					Content:    a.content,
					Created:    a.created,
				}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
