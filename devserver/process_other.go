//go:build !linux

package devserver

import "syscall"

// dieWithParent does nothing here: the guard has to do.
func dieWithParent(*syscall.SysProcAttr) {}
