package dram

import "io/fs"

// Assets returns the app's static files, or nil if there are none: for the
// front, which serves them without asking a worker.
func (a *App) Assets() fs.FS { return a.folder("static") }
