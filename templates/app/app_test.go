package main

import (
	"net/url"
	"testing"

	"github.com/dram-go/dram/framework/webtest"
)

func TestLeaveANote(t *testing.T) {
	t.Parallel()
	site := webtest.New(t, New) // with a migrated database of its own
	site.Get("note.list").Status(200).See("h1", "Notes")
	site.Submit("note.list", url.Values{"text": {"buy <milk>"}}).RedirectsTo("note.list")
	site.Get("note.list").See(".note", "buy <milk>").See(".flash", "Your note")
}

func TestEmptyNoteIsRefused(t *testing.T) {
	t.Parallel()
	site := webtest.New(t, New)
	site.Submit("note.list", url.Values{"text": {""}}).Status(422).See("#text-error", "Note")
}

func TestNoSuchPage(t *testing.T) {
	t.Parallel()
	webtest.New(t, New).GetPath("/nowhere").Status(404).See("404")
}
