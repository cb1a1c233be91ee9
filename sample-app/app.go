package main

import (
	"context"
	"embed"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/db"

	"github.com/dram-go/dram/sample-app/answer"
	"github.com/dram-go/dram/sample-app/question"
)

//go:embed templates static migrations locales
var files embed.FS

// Site is the board: everything a handler, a command or a test needs.
type Site struct {
	*dram.App
	DB        *db.DB
	Questions *question.Store
	Answers   *answer.Store

	settings settings
}

// settings is the [app] section of dram.toml.
type settings struct {
	// Samples is how many sample questions an empty board is filled with.
	Samples int `key:"samples"`
}

// New puts the board together. It describes and opens nothing; the runner
// starts what was added.
func New(conf *dram.Config) (*Site, error) {
	app, database := dram.New(conf, files), db.New(conf, files)
	app.Add(database)
	s := &Site{
		App:       app,
		DB:        database,
		Questions: &question.Store{DB: database},
		Answers:   &answer.Store{DB: database},
		settings:  settings{Samples: 300},
	}
	if err := conf.Decode("app", &s.settings); err != nil {
		return nil, err
	}

	app.Get("/", s.index).Name("main.index")
	questions := &question.Web{Store: s.Questions, Answers: s.Answers}
	questions.Routes(app.Group("/question", "question"))
	(&answer.Web{Store: s.Answers, Show: questions.Show}).Routes(app.Group("/answer", "answer"))
	app.Command("seed", "fill an empty board with sample questions", func(ctx context.Context, _ []string) error {
		return s.seed(ctx)
	}, database)
	return s, app.Build() // every conflict, bad link and template error at once
}

// index sends the visitor on: the list is the front page of the board.
func (s *Site) index(c *dram.Context) error { return c.Redirect("question.list") }

// Migrate brings the schema up and gives an empty board something to show. It
// takes the place of App.Migrate, so the one process that migrates seeds too.
func (s *Site) Migrate(ctx context.Context) error {
	if err := s.App.Migrate(ctx); err != nil {
		return err
	}
	if s.settings.Samples == 0 {
		return nil
	}
	if err := s.DB.Start(ctx); err != nil {
		return err
	}
	defer s.DB.Close(ctx)
	return s.seed(ctx)
}
