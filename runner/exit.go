package runner

import (
	"errors"
	"fmt"
)

// Exit codes of every command.
const (
	exitOK         = 0
	exitUsage      = 1 // wrong usage or configuration, or the app failed to start
	exitNotRunning = 2 // no master to talk to
	exitRefused    = 3 // refused or rolled back; what served before still serves
	exitTimeout    = 4 // the master did not answer, or not in time
	exitBusy       = 5 // another reload is running
)

// exitError is an error with the code to exit with.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func exitf(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// exitCode is the code to exit with after err.
func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	}
	return exitUsage
}
