package main

import (
	"net/url"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/webtest"
)

func newSite(*dram.Config) (*Site, error) { return nil, nil }

func TestBoard(t *testing.T) {
	site := webtest.New(t, newSite)
	site.Get("question.detail", 1).See("SELECT * FROM question")
	site.Get("question.detial", 1) // want `no route named "question.detial", did you mean "question.detail"?`
	site.Submit("question.create", url.Values{"subject": {""}}).RedirectsTo("question.detail", 1)
	site.Submit("question.create", url.Values{}, webtest.Upload{Field: "picture"})
	site.Submit("question.create", 1, url.Values{}) // want `it takes 0 values, not 1`
	site.SendJSON("POST", "question.create", dram.Map{})
	site.SendJSON("POST", "question.create", 1, dram.Map{}) // want `it takes 0 values, not 1`
	site.GetPath("/nowhere")
}
