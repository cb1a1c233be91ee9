package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// maxLine bounds a line that is read, in bytes.
const maxLine = 16 << 20

// Read yields the events of a stream until its end. A line that is no event is
// yielded as an error and skipped; any other error ends the sequence.
func Read(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		for n := 1; lines.Scan(); n++ {
			e, err := parse(lines.Bytes())
			if err != nil {
				err = fmt.Errorf("trace: line %d: %w", n, err)
			}
			if !yield(e, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Event{}, fmt.Errorf("trace: %w", err))
		}
	}
}

func parse(line []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, err
	}
	if e.Request == nil && e.Panic == nil {
		return Event{}, errors.New("neither a request nor a panic")
	}
	return e, nil
}
