package question

import "github.com/dram-go/dram/framework/db"

const perPage = 10

// Page is one page of the list.
type Page struct{ db.Page[Question] }

// Ordinal is the running number of the row at index, which counts down from
// the newest question of the board.
func (p Page) Ordinal(index int) int { return p.Total - p.Offset() - index }
