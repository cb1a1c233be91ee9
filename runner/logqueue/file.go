package logqueue

import (
	"fmt"
	"os"
)

// OpenFile opens a log, which is made if it is not there. Every write goes to
// its end, so that several processes may share it.
func OpenFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return f, nil
}
