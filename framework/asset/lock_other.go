//go:build !unix || solaris || aix

package asset

import "os"

// lockFile does nothing: the runner, which publishes and prunes, does not run
// on these systems.
func lockFile(*os.File) error { return nil }
