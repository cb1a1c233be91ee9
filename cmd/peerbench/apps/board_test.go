package apps

import (
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		current, last int
		want          []int
	}{
		{1, 1, []int{1}},
		{1, 30, []int{1, 2, 3, 4, 5, 6, 0, 30}},
		{15, 30, []int{1, 0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0, 30}},
		{7, 8, []int{1, 2, 3, 4, 5, 6, 7, 8}},
	} {
		if got := numbers(c.current, c.last); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v, want %v", c.current, c.last, got, c.want)
		}
	}
}

func TestBoard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "board.db")
	db, err := sqlx.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.MustExec(`CREATE TABLE question (id INTEGER PRIMARY KEY, subject TEXT, content TEXT, create_date TIMESTAMP);
		CREATE TABLE answer (id INTEGER PRIMARY KEY, question_id INTEGER);
		INSERT INTO question VALUES (1, 'a <b>', '', '2026-01-02 03:04:05'), (2, 'c', '', '2026-01-03 03:04:05');
		INSERT INTO answer VALUES (1, 1)`)
	h, err := NewBoard(path)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/question/list/", nil))
	for _, want := range []string{"질문 2개", "a &lt;b&gt;", `title="답변 1개"`, "2026년 01월 02일 12:04"} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("status %d, no %s in\n%s", w.Code, want, w.Body)
		}
	}
	if _, err := NewBoard(""); err == nil {
		t.Error("a board without a database")
	}
}
