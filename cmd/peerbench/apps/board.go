package apps

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3"
)

// perPage is the number of questions on a page, as on Pybo's.
const perPage = 10

// Question is a row of the list.
type Question struct {
	ID      int64     `db:"id"`
	Subject string    `db:"subject"`
	Content string    `db:"content"`
	Created time.Time `db:"create_date"`
	Answers int       `db:"answers"`
}

// listPage is what board.html shows.
type listPage struct {
	Rows           []Question
	Total          int
	Number, Last   int
	Previous, Next int
	Numbers        []int // 0 for a gap
}

// Ordinal is the running number of a row.
func (p listPage) Ordinal(i int) int { return p.Total - (p.Number-1)*perPage - i }

//go:embed board.html
var boardHTML string

var seoul = time.FixedZone("KST", 9*60*60)

// NewBoard makes Pybo's list of questions as an app of Gin, html/template and
// sqlx does it. The database is Pybo's.
func NewBoard(path string) (http.Handler, error) {
	if path == "" {
		return nil, errNoDatabase
	}
	db, err := sqlx.Open("sqlite3", "file:"+path+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	if err := db.Ping(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	page, err := template.New("board.html").Funcs(template.FuncMap{
		"date": func(t time.Time) string { return t.In(seoul).Format("2006년 01월 02일 15:04") },
	}).Parse(boardHTML)
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	r.SetHTMLTemplate(page)
	r.GET("/question/list/", func(c *gin.Context) {
		list, err := questions(db, c.Query("page"))
		if err != nil {
			_ = c.AbortWithError(http.StatusInternalServerError, err) // it returns err itself
			return
		}
		c.Header("Cache-Control", "private")
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Referrer-Policy", "strict-origin-when-cross-origin")
		c.Header("X-Frame-Options", "SAMEORIGIN")
		c.HTML(http.StatusOK, "board.html", list)
	})
	return r, nil
}

// questions reads one page by the queries that Pybo's list needs.
func questions(db *sqlx.DB, number string) (p listPage, err error) {
	if err := db.Get(&p.Total, `SELECT count(*) FROM question`); err != nil {
		return p, err
	}
	p.Last = max(1, (p.Total+perPage-1)/perPage)
	p.Number, _ = strconv.Atoi(number)
	p.Number = min(max(p.Number, 1), p.Last)
	err = db.Select(&p.Rows, `SELECT q.id, q.subject, q.content, q.create_date,
		(SELECT count(*) FROM answer a WHERE a.question_id = q.id) AS answers
		FROM question q ORDER BY q.create_date DESC, q.id DESC LIMIT ? OFFSET ?`, perPage, (p.Number-1)*perPage)
	if p.Number > 1 {
		p.Previous = p.Number - 1
	}
	if p.Number < p.Last {
		p.Next = p.Number + 1
	}
	p.Numbers = numbers(p.Number, p.Last)
	return p, err
}

// numbers are the pages that the pager offers: the first, the last and five
// around the current one, with gaps between.
func numbers(current, last int) (all []int) {
	for n, before := 1, 0; n <= last; n++ {
		if n != 1 && n != last && (n < current-5 || n > current+5) {
			continue
		}
		if n > before+1 {
			all = append(all, 0)
		}
		all, before = append(all, n), n
	}
	return all
}
