package dram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Add gives the app what lives and ends with it: a database, a queue, a
// client. What others rely on goes first. A component may have any of these
// methods, and is used for those it has:
//
//	Start(context.Context) error     opens it, in the order of Add
//	Close(context.Context) error     closes it, in the opposite order
//	Check(context.Context) error     says whether it could do its work
//	Migrate(context.Context) error   brings its data to this version of the app
//	MigrateAfter(context.Context) error
//	                                 takes away what an earlier version needed,
//	                                 once that serves no more
//	MigrationStatus(context.Context) ([][]string, error)
//	                                 rows of version, state and file
//	Commands() map[string]func(context.Context, []string) error
//	                                 by a name, a space and one line of help;
//	                                 see [App.CommandNeeds]
//	Middleware() func(http.Handler) http.Handler
//	                                 stands around every route, outside of what
//	                                 Use adds; nil is none
//	SetLog(*slog.Logger)             takes the log of [App.SetLog]
func (a *App) Add(components ...any) {
	a.describing("Add")
	a.components = append(a.components, components...)
}

type starter interface{ Start(context.Context) error }
type closer interface{ Close(context.Context) error }
type checker interface{ Check(context.Context) error }
type migrator interface{ Migrate(context.Context) error }
type afterMigrator interface{ MigrateAfter(context.Context) error }
type migrationLister interface {
	MigrationStatus(context.Context) ([][]string, error)
}
type commander interface {
	Commands() map[string]func(context.Context, []string) error
}
type surrounder interface {
	Middleware() func(http.Handler) http.Handler
}

// allMiddleware returns what stands around every route, the outermost first:
// that of the components, then the app's own.
func (a *App) allMiddleware() []Middleware {
	var all []Middleware
	for _, component := range a.components {
		s, ok := component.(surrounder)
		if !ok {
			continue
		}
		if mw := s.Middleware(); mw != nil {
			all = append(all, fromHTTP(mw))
		}
	}
	return append(all, a.middleware...)
}

// Start makes the app ready to serve: it demands a secret in production and
// starts the components in the order in which they were added. If one of them
// fails, those before it are closed again. Only processes that serve start it,
// and commands of the app that need all of it ([App.CommandNeeds]).
func (a *App) Start(ctx context.Context) error {
	if err := a.Build(); err != nil {
		return err
	}
	if a.sessions == nil {
		return a.sealErr
	}
	for i, component := range a.components {
		s, ok := component.(starter)
		if !ok {
			continue
		}
		if err := s.Start(ctx); err != nil {
			err = fmt.Errorf("starting %T: %w", component, err)
			return errors.Join(err, closeAll(ctx, a.components[:i]))
		}
	}
	return nil
}

// Close tells streams to end, waits for the work that [Context.Go] began, as
// long as ctx allows, and then closes the components in the opposite order of
// Start.
func (a *App) Close(ctx context.Context) error {
	a.drain.begin()
	err := a.background.wait(ctx)
	if err != nil {
		err = fmt.Errorf("work in the background was still going on: %w", err)
	}
	return errors.Join(err, closeAll(ctx, a.components))
}

func closeAll(ctx context.Context, components []any) error {
	var failed []error
	for i := len(components) - 1; i >= 0; i-- {
		if c, ok := components[i].(closer); ok {
			if err := c.Close(ctx); err != nil {
				failed = append(failed, fmt.Errorf("closing %T: %w", components[i], err))
			}
		}
	}
	return errors.Join(failed...)
}

// Check reports everything that would keep the app from serving: what Build
// found, a missing secret, and what the components say.
func (a *App) Check(ctx context.Context) error {
	failed := []error{a.Build(), a.sealErr}
	if a.live != "" {
		failed = append(failed, a.viewErr)
	}
	for _, component := range a.components {
		if c, ok := component.(checker); ok {
			if err := c.Check(ctx); err != nil {
				failed = append(failed, fmt.Errorf("checking %T: %w", component, err))
			}
		}
	}
	return errors.Join(failed...)
}

// Migrate brings the data of all components to this version of the app, in the
// order of Add. The first error ends it and says which migration failed.
func (a *App) Migrate(ctx context.Context) error {
	for _, component := range a.components {
		if m, ok := component.(migrator); ok {
			if err := m.Migrate(ctx); err != nil {
				return err // the component says which migration and why
			}
		}
	}
	return nil
}

// MigrateAfter lets all components take away what an earlier version of the app
// needed, such as columns: to be called when no process of that version serves
// any more, and none will come back. [App.Migrate] must have run before. Errors
// are as there.
func (a *App) MigrateAfter(ctx context.Context) error {
	for _, component := range a.components {
		if m, ok := component.(afterMigrator); ok {
			if err := m.MigrateAfter(ctx); err != nil {
				return err // the component says which migration and why
			}
		}
	}
	return nil
}

// MigrationStatus lists the migrations of all components: version, state and
// file of each.
func (a *App) MigrationStatus(ctx context.Context) ([][]string, error) {
	var rows [][]string
	for _, component := range a.components {
		m, ok := component.(migrationLister)
		if !ok {
			continue
		}
		more, err := m.MigrationStatus(ctx)
		if err != nil {
			return nil, fmt.Errorf("migrations of %T: %w", component, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
