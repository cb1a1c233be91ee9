package dram

// Live lets a test choose the directory that development reads files from,
// which is otherwise that of the source file that called New.
func Live(a *App, dir string) { a.live = dir }

// LiveDir returns it.
func LiveDir(a *App) string { return a.live }

// WithNonce is withNonce.
var WithNonce = withNonce

// EncodeEvent is Event.encode.
func EncodeEvent(e Event) (string, error) { return e.encode() }

// Below is below.
var Below = below
