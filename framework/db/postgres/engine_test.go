package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	"github.com/jackc/pgx/v5/pgconn"
)

func describe(t *testing.T, url string) (*engine, error) {
	t.Helper()
	conf := config.Default(t.TempDir())
	conf.Name = "qna"
	e, err := postgresDriver{}.Engine(conf, strings.TrimPrefix(url, "postgres:"))
	if err != nil {
		return nil, err
	}
	return e.(*engine), nil
}

func TestNameHidesUserAndPassword(t *testing.T) {
	t.Setenv("PGHOST", "")
	for url, want := range map[string]string{
		"postgres://u:pw@db.example/qna":            "postgres://db.example/qna",
		"postgres://u:pw@db.example:5433/qna?a=b":   "postgres://db.example:5433/qna",
		"postgres://u:pw@/qna?host=/run/postgresql": "postgres://%2Frun%2Fpostgresql/qna",
	} {
		e, err := describe(t, url)
		if err != nil || e.String() != want {
			t.Errorf("%s is called %s, %v, expected %s", url, e, err, want)
		}
	}
}

func TestBadURLKeepsThePasswordSecret(t *testing.T) {
	t.Parallel()
	_, err := describe(t, "postgres://u:topsecret@h/qna?sslmode=perhaps")
	if err == nil || !strings.Contains(err.Error(), "database.url") || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("the error is %v", err)
	}
}

func TestURLWithoutAServer(t *testing.T) {
	t.Parallel()
	if _, err := describe(t, "postgres:qna"); err == nil || !strings.Contains(err.Error(), "postgres://USER@HOST/NAME") {
		t.Errorf("the error is %v", err)
	}
}

func TestAdviceNamesTheDatabase(t *testing.T) {
	t.Parallel()
	e, err := describe(t, "postgres://u:topsecret@h/qna")
	if err != nil || e.Removal() != "dropdb qna" {
		t.Errorf("the advice is %s, %v", e.Removal(), err)
	}
}

func TestURLWinsOverOurSettings(t *testing.T) {
	t.Parallel()
	e, err := describe(t, "postgres://h/qna?connect_timeout=3&application_name=other&timezone=Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	params := e.conf.RuntimeParams
	if e.conf.ConnectTimeout != 3*time.Second || params["application_name"] != "other" {
		t.Errorf("settings are %v, %v", e.conf.ConnectTimeout, params)
	}
	if params["timezone"] != "UTC" {
		t.Error("a session in another zone would store other times")
	}
	if e, err = describe(t, "postgres://h/qna"); err != nil || e.conf.ConnectTimeout != connectTimeout || e.conf.RuntimeParams["application_name"] != "qna" {
		t.Errorf("without them: %v, %v", e.conf, err)
	}
}

func TestWhichErrorsAskForAnotherTry(t *testing.T) {
	t.Parallel()
	e := &engine{}
	for _, test := range []struct {
		err  error
		want bool
	}{
		{&pgconn.PgError{Code: serializationFailure}, true},
		{fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: deadlockDetected}), true},
		{&pgconn.PgError{Code: featureNotSupported, Routine: "RevalidateCachedQuery"}, true},
		{&pgconn.PgError{Code: featureNotSupported}, false},
		{&pgconn.PgError{Code: uniqueViolation}, false},
		{context.Canceled, false},
		{nil, false},
	} {
		if got := e.Retry(test.err); got != test.want {
			t.Errorf("Retry of %v is %v", test.err, got)
		}
	}
}

func TestUniqueColumns(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]string{
		"Key (email)=(a@b) already exists.":            "member.email",
		"Schlüssel »(a, b)=(1, 2)« existiert bereits.": "member.a,member.b",
		`Key ("odd ""name""")=(1) already exists.`:     `member.odd "name"`,
		"Key (lower(email))=(a@b) already exists.":     "member_key",
		"": "member_key",
	} {
		err := (&engine{}).Explain(t.Context(), &pgconn.PgError{Code: uniqueViolation, Detail: detail, TableName: "member", ConstraintName: "member_key"})
		var unique *db.UniqueError
		if !errors.As(err, &unique) || unique.Unique() != want {
			t.Errorf("%s: %v", detail, err)
		}
	}
}

func TestExplainLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	e := &engine{}
	for _, err := range []error{nil, context.Canceled, &pgconn.PgError{Code: "42601"}, &pgconn.PgError{Code: queryCanceled, Message: "user request"}} {
		if got := e.Explain(t.Context(), err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	var busy *db.BusyError
	if err := e.Explain(t.Context(), &pgconn.PgError{Code: lockNotAvailable}); !errors.As(err, &busy) {
		t.Errorf("a lock timeout became %v", err)
	}
}

func TestWhatIsLeftToTheServer(t *testing.T) {
	t.Parallel()
	e := &engine{}
	if to, err := e.Backup(t.Context(), 1); to != "" || err != nil || e.EndBackup(to, true) != nil || e.Migrating() {
		t.Errorf("a copy at %q, %v", to, err)
	}
}
