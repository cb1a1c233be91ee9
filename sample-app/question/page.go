package question

const (
	perPage = 10
	around  = 5 // page numbers shown on each side of the current one
)

// Page is one page of the list.
type Page struct {
	Questions []Question
	Total     int // questions on all pages
	Number    int // from 1
	Last      int
}

// newPage returns the page with this number, or the nearest there is.
func newPage(total, number int) Page {
	last := max(1, (total+perPage-1)/perPage)
	return Page{Total: total, Number: min(max(number, 1), last), Last: last}
}

func (p Page) offset() int { return (p.Number - 1) * perPage }

// Ordinal is the running number of the row at index, which counts down from
// the newest question of the board.
func (p Page) Ordinal(index int) int { return p.Total - p.offset() - index }

// Previous is the page before, 0 on the first one.
func (p Page) Previous() int { return p.Number - 1 }

// Next is the page after, 0 on the last one.
func (p Page) Next() int {
	if p.Number == p.Last {
		return 0
	}
	return p.Number + 1
}

// Numbers lists the pages that the pager links; 0 stands for a gap.
func (p Page) Numbers() []int {
	var numbers []int
	for n := 1; n <= p.Last; n++ {
		near := n >= p.Number-around && n <= p.Number+around
		switch {
		case n == 1 || n == p.Last || near:
			numbers = append(numbers, n)
		case numbers[len(numbers)-1] != 0:
			numbers = append(numbers, 0)
		}
	}
	return numbers
}
