package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db/postgres/pgtest"
	"github.com/dram-go/dram/framework/pubsub"
)

var server = pgtest.New()

func TestMain(m *testing.M) {
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

func settings(url, name string) *config.Config {
	conf := config.Default("/srv/qna")
	conf.Database.URL, conf.Name = url, name
	return conf
}

// node starts one process's part of the bus.
func node(t *testing.T, url, name string) *pubsub.Node {
	t.Helper()
	n := pubsub.New(pubsub.Options{Link: Link(settings(url, name)), Log: slog.New(slog.DiscardHandler)})
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return n
}

// listen hands what a subscription yields to a channel. It has subscribed when
// it returns.
func listen(t *testing.T, n *pubsub.Node, topic string) <-chan string {
	t.Helper()
	heard := make(chan string, 100)
	messages := n.Subscribe(t.Context(), topic)
	go func() {
		for m := range messages {
			heard <- fmt.Sprintf("%s%v", m.Data, m.Gap)
		}
	}()
	return heard
}

func expect(t *testing.T, heard <-chan string, want string) {
	t.Helper()
	select {
	case got := <-heard:
		if got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("heard nothing, want %q", want)
	}
}

func publish(t *testing.T, n *pubsub.Node, topic, data string) {
	t.Helper()
	if err := n.Publish(t.Context(), topic, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestThroughTheDatabase(t *testing.T) {
	url := server.URL(t)
	a, b, stranger := node(t, url, "qna"), node(t, url, "qna"), node(t, url, strings.Repeat("other", 12))
	atA, atB, atStranger := listen(t, a, "질문/1"), listen(t, b, "질문/1"), listen(t, stranger, "질문/1")
	publish(t, a, "질문/1", "one\x00\xff")
	publish(t, a, "질문/1", strings.Repeat("x", 7000))
	publish(t, a, "another", "unheard")
	publish(t, a, "질문/1", "two")
	expect(t, atB, "one\x00\xfffalse")
	expect(t, atB, "true") // too long for a notification
	expect(t, atB, "twofalse")
	publish(t, b, "질문/1", "three")
	publish(t, stranger, "질문/1", "own")
	expect(t, atA, "one\x00\xfffalse")
	expect(t, atA, strings.Repeat("x", 7000)+"false")
	expect(t, atA, "twofalse")
	expect(t, atA, "threefalse")
	expect(t, atStranger, "ownfalse")
}

// TestServerCutsConnections: a gap, then all is as it was.
func TestServerCutsConnections(t *testing.T) {
	url := server.URL(t)
	a, b := node(t, url, "qna"), node(t, url, "qna")
	atB := listen(t, b, "x")
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	if _, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"); err != nil {
		t.Fatal(err)
	}
	expect(t, atB, "true")
	publish(t, b, "x", "own")
	expect(t, atB, "ownfalse")
	// a may be on its way back; what it publishes waits for that.
	publish(t, a, "x", "again")
	expect(t, atB, "againfalse")
}

// TestForeignNotifications: anybody with access to the database may notify.
func TestForeignNotifications(t *testing.T) {
	url := server.URL(t)
	a, b := node(t, url, "qna"), node(t, url, "qna")
	atA := listen(t, a, "x")
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	channel := Link(settings(url, "qna")).(link).channel
	for _, payload := range []string{"", "hello", "m:", "m:eA", "m::", "m:!:eA", "g:!"} {
		if _, err := admin.Exec(t.Context(), "SELECT pg_notify($1, $2)", channel, payload); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, b, "x", "1")
	expect(t, atA, "1false")
}

// TestQuietConnection: nothing comes for long, the server is asked whether it
// is there, and what comes then is heard.
func TestQuietConnection(t *testing.T) {
	l := Link(settings(server.URL(t), "qna")).(link)
	l.quiet = time.Millisecond
	a, err := l.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := l.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	heard := make(chan string, 1)
	go func() {
		for {
			m, err := a.Receive()
			heard <- fmt.Sprintf("%s %v", m.Topic, err)
			if err != nil {
				return
			}
		}
	}()
	for i := range 20 { // a asks in between
		topic := fmt.Sprint(i)
		if err := b.Send(pubsub.Message{Topic: topic}); err != nil {
			t.Fatal(err)
		}
		expect(t, heard, topic+" <nil>")
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if got := <-heard; strings.HasSuffix(got, " <nil>") {
		t.Errorf("Receive after Close: %s", got)
	}
	if err := a.Send(pubsub.Message{Topic: "x"}); err == nil {
		t.Error("Send after Close works")
	}
}

func TestNoServer(t *testing.T) {
	for _, url := range []string{server.Missing(t), "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable", "postgres://u:hunter2@h/x?sslmode=what"} {
		n := pubsub.New(pubsub.Options{Link: Link(settings(url, "qna")), Log: slog.New(slog.DiscardHandler)})
		err := n.Check(t.Context())
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestOtherDatabases(t *testing.T) {
	if got := Link(settings("sqlite:data/app.db", "qna")); got != nil {
		t.Errorf("a link for SQLite: %v", got)
	}
	if got := Link(settings("postgresql://u:hunter2@db.example.org/qna", "qna")); got == nil || got.String() != "PostgreSQL database qna at db.example.org" {
		t.Errorf("named %v", got)
	}
	if got := (link{url: "postgres://%zz"}).String(); got != "PostgreSQL" {
		t.Errorf("named %q", got)
	}
}

func TestPayload(t *testing.T) {
	for _, m := range []pubsub.Message{
		{Topic: "x", Data: []byte{}},
		{Topic: strings.Repeat("t", pubsub.MaxTopic), Data: make([]byte, 5600)},
		{Topic: "x", Gap: true},
		{Gap: true},
	} {
		text := encode(m)
		got, ok := decode(text)
		if !ok || got.Topic != m.Topic || string(got.Data) != string(m.Data) || got.Gap != m.Gap || len(text) > maxPayload {
			t.Errorf("%.20q… became %+.40v, %v", text, got, ok)
		}
	}
	if m, ok := decode(encode(pubsub.Message{Topic: "x", Data: make([]byte, pubsub.MaxData)})); !ok || !m.Gap || m.Topic != "x" {
		t.Errorf("the largest message became %+v", m)
	}
}
