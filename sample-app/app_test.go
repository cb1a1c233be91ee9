package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/db"
	"github.com/dram-go/dram/framework/webtest"

	"github.com/dram-go/dram/sample-app/answer"
	"github.com/dram-go/dram/sample-app/question"
)

// newSite returns an empty board; the samples have a test of their own.
func newSite(t *testing.T) *webtest.Site[*Site] {
	t.Helper()
	return webtest.New(t, New, webtest.Set("app.samples", "0"), webtest.Set("locale.default", "ko"))
}

func ask(t *testing.T, site *webtest.Site[*Site], subject string) int64 {
	t.Helper()
	id, err := site.App.Questions.Create(t.Context(), question.Form{Subject: subject, Content: "내용"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestFrontPageIsTheList(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.Get("main.index").RedirectsTo("question.list")
	site.Get("question.list").Status(200).See("질문이 없습니다.")
}

func TestAskShowsWhatIsMissing(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.Submit("question.create", url.Values{"content": {"왜 그럴까요?"}}).
		Status(422).
		See("#subject-error", "제목").
		See("textarea[name=content]", "왜 그럴까요?")
	if n, err := site.App.Questions.Count(t.Context()); err != nil || n != 0 {
		t.Fatalf("a faulty form left %d questions, %v", n, err)
	}
}

func TestAskAndAnswer(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.Submit("question.create", url.Values{"subject": {"왜?"}, "content": {"<b>굵게</b>"}}).
		RedirectsTo("question.detail", 1)
	site.Get("question.detail", 1).Status(200).
		See("h1", "왜?").
		See(".question .text", "<b>굵게</b>"). // shown as text, not as markup
		See("질문을 등록했습니다.")
	site.Get("question.detail", 1).Not("질문을 등록했습니다.") // a flash shows once

	site.Submit("answer.create", 1, url.Values{"content": {"그러니까요."}}).Status(303)
	site.Get("question.detail", 1).See("#answer_1 .text", "그러니까요.").See("답변 1개")
}

func TestFaultyAnswerIsShownOnTheQuestion(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	id := ask(t, site, "왜?")
	site.Submit("answer.create", id, url.Values{"content": {"  "}}).
		Status(422).
		See("h1", "왜?").
		See("#content-error", "답변 내용")
}

func TestAnswerToNoQuestion(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.Submit("answer.create", 99, url.Values{"content": {""}}).Status(404)
	site.Get("question.detail", 99).Status(404).See("페이지를 찾을 수 없습니다.")
}

func TestListPages(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for range 21 {
		ask(t, site, "왜?")
	}
	site.GetPath("/question/list/").See("tbody tr:first-child td:first-child", "21")
	site.GetPath("/question/list/?page=3").
		See("tbody tr td:first-child", "1").
		See("[aria-current=page]", "3")
	site.GetPath("/question/list/?page=99").See("[aria-current=page]", "3")
	site.GetPath("/question/list/?page=x").See("[aria-current=page]", "1")
}

// TestPagerHasGaps: far pages are left out, the first and the last stay.
func TestPagerHasGaps(t *testing.T) {
	t.Parallel()
	site := webtest.New(t, New, webtest.Set("app.samples", "300"))
	for number, want := range map[int]string{
		1:  "1 2 3 4 5 6 … 30",
		2:  "1 2 3 4 5 6 7 … 30",
		15: "1 … 10 11 12 13 14 15 16 17 18 19 20 … 30",
		30: "1 … 25 26 27 28 29 30",
	} {
		pager := site.GetPath(fmt.Sprintf("/question/list/?page=%d", number)).Find("nav.pager")
		pager.Find("[rel]").Remove() // previous and next
		if got := strings.Join(strings.Fields(pager.Text()), " "); got != want {
			t.Errorf("page %d links %s, want %s", number, got, want)
		}
	}
}

// TestListNeedsTwoStatements: the number of questions and the page, however
// many rows it has.
func TestListNeedsTwoStatements(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for range 12 {
		ask(t, site, "왜?")
	}
	for _, path := range []string{"/question/list/", "/question/list/?page=2"} {
		ctx := db.Count(t.Context())
		site.App.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx))
		if n := db.Statements(ctx); n != 2 {
			t.Errorf("%s executes %d statements, want 2", path, n)
		}
	}
}

func TestEnglish(t *testing.T) {
	t.Parallel()
	site := newSite(t).With("Accept-Language", "en-GB,en;q=0.9")
	site.Submit("question.create", url.Values{}).Status(422).See("#subject-error", "Subject")
	site.Get("question.list").See("There are no questions yet.")
}

func TestEmptyBoardIsFilledOnce(t *testing.T) {
	t.Parallel()
	site := webtest.New(t, New, webtest.Set("app.samples", "25"))
	n, err := site.App.Questions.Count(t.Context())
	if err != nil || n != 25 {
		t.Fatalf("%d questions, %v, want 25", n, err)
	}
	if err := site.App.seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := site.App.Questions.Count(t.Context()); err != nil || again != n {
		t.Fatalf("a second seed left %d questions, %v", again, err)
	}
}

func TestSamplesReadLikeQuestions(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	list := samples(400, now)
	seen := map[string]bool{}
	for i, s := range list {
		switch {
		case s.subject == "" || s.content == "" || strings.Contains(s.subject+s.content, "{x}"):
			t.Errorf("sample %d is not filled in: %q", i, s.subject)
		case seen[s.subject]:
			t.Errorf("sample %d comes twice: %q", i, s.subject)
		case i > 0 && !s.created.After(list[i-1].created), s.created.After(now):
			t.Errorf("sample %d is out of order: %v", i, s.created)
		}
		seen[s.subject] = true
		for _, a := range s.answers {
			if !a.created.After(s.created) || a.created.After(now) {
				t.Errorf("sample %d is answered at %v, asked at %v", i, a.created, s.created)
			}
		}
	}
}

func TestOrphanAnswerIsRefused(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	if _, err := site.App.Answers.Create(t.Context(), 99, answer.Form{Content: "x"}); err == nil {
		t.Fatal("an answer to no question was stored")
	}
}

func TestPagesAreCompiled(t *testing.T) {
	site := webtest.New(t, New)
	rows := site.App.Templates()
	if len(rows) < 4 {
		t.Errorf("only %d pages", len(rows))
	}
	for _, row := range rows {
		if row[1] != "compiled" {
			t.Errorf("%s is rendered by %s: %s", row[0], row[1], row[2])
		}
	}
}
