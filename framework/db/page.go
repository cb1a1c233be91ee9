package db

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// List is a query that is read a page at a time, by [PageOf] or [PartOf].
type List struct {
	Select string // "q.id, q.subject, (SELECT count(*) …) AS answers"
	From   string // "question q WHERE q.subject LIKE ?"
	Order  string // "q.created DESC, q.id DESC"; together its columns are unique
	Args   []any  // for the placeholders of Select and From, in their order
	// Most is how many rows PageOf counts at most; 0 is 10,000, a negative
	// number sets no limit. Counting reads every row (but for a whole table
	// SQLite, without a limit, reads its pages only), and so does skipping to
	// a page far behind.
	Most int
}

// mostRows is counted unless List.Most says otherwise.
const mostRows = 10_000

// largestPage keeps a number that a client sent from asking for everything.
const largestPage = 1000

// Page is one page of a list that has numbers to jump to.
type Page[T any] struct {
	Rows   []T
	Number int // of this page, from 1
	Size   int // rows on a full page
	// Total is the number of rows on all pages. If Capped is set there are
	// more, and pages end at Total all the same.
	Total  int
	Capped bool
}

// PageOf reads the page with a number, from 1, or the nearest one there is. It
// executes two statements on one state of the database: the count and the
// rows. A size below 1 or above 1,000 is an error.
//
//	page, err := db.PageOf[Question](ctx, s.DB, db.List{
//		Select: `id, subject`, From: `question`, Order: `created DESC, id DESC`,
//	}, number, 10)
func PageOf[T any](ctx context.Context, d *DB, list List, number, size int) (Page[T], error) {
	if err := checkSize(size); err != nil {
		return Page[T]{}, err
	}
	count, countArgs, err := list.count()
	if err != nil {
		return Page[T]{}, err
	}
	var p Page[T]
	err = d.Read(ctx, func(ctx context.Context) error {
		total, err := One[int](ctx, d, count, countArgs...)
		if err != nil {
			return err
		}
		p = newPage[T](total, list.most(), number, size)
		p.Rows, err = All[T](ctx, d, list.sql()+` LIMIT ? OFFSET ?`, append(slices.Clone(list.Args), size, p.Offset())...)
		return err
	})
	return p, err
}

func checkSize(size int) error {
	if size < 1 || size > largestPage {
		return fmt.Errorf("%s: a page of %d rows, expected 1 to %d", caller(), size, largestPage)
	}
	return nil
}

// newPage chooses the page.
func newPage[T any](total, most, number, size int) Page[T] {
	p := Page[T]{Size: size, Total: min(total, most), Capped: total > most}
	p.Number = min(max(number, 1), p.Last())
	return p
}

// most is the number of rows after which pages end.
func (l List) most() int {
	switch {
	case l.Most < 0:
		return math.MaxInt
	case l.Most == 0:
		return mostRows
	}
	return l.Most
}

// count is the query for the number of rows, which is one more than most if
// there are more.
func (l List) count() (query string, args []any, err error) {
	args, err = l.fromArgs()
	query = `SELECT 1 FROM ` + l.From
	if l.Most >= 0 {
		query += ` LIMIT ?`
		args = append(slices.Clone(args), l.most()+1)
	}
	return `SELECT count(*) FROM (` + query + `) AS counted`, args, err
}

func (l List) sql() string { return `SELECT ` + l.Select + ` FROM ` + l.From + ` ORDER BY ` + l.Order }

// fromArgs are the arguments that are not for placeholders in Select.
func (l List) fromArgs() ([]any, error) {
	used := 0
	lex := lexer{sql: l.Select}
	for t, ok := lex.next(); ok; t, ok = lex.next() {
		if t.kind == placeholder {
			used++
		}
	}
	if used > len(l.Args) {
		return nil, fmt.Errorf("%s: %d arguments, and Select alone has %d placeholders", caller(), len(l.Args), used)
	}
	return l.Args[used:], nil
}

// Last is the number of the last page, at least 1.
func (p Page[T]) Last() int {
	if p.Size < 1 {
		return 1
	}
	return max(1, (p.Total+p.Size-1)/p.Size)
}

// Offset is the number of rows on the pages before.
func (p Page[T]) Offset() int { return max(0, p.Number-1) * p.Size }

// Previous is the number of the page before, 0 on the first.
func (p Page[T]) Previous() int { return max(0, p.Number-1) }

// Next is the number of the page after, 0 on the last.
func (p Page[T]) Next() int {
	next := max(p.Number, 1) + 1
	if next > p.Last() {
		return 0
	}
	return next
}

// Numbers lists the pages that a pager links: the first, the last, and those up
// to around away from this one. 0 stands for a gap.
func (p Page[T]) Numbers(around int) []int {
	numbers := []int{1}
	first, last := max(2, p.Number-around), min(p.Last(), p.Number+around)
	if first > 2 && first <= p.Last() {
		numbers = append(numbers, 0)
	}
	for n := first; n <= last; n++ {
		numbers = append(numbers, n)
	}
	if last < p.Last() {
		if max(last, 1) < p.Last()-1 {
			numbers = append(numbers, 0)
		}
		numbers = append(numbers, p.Last())
	}
	return numbers
}
