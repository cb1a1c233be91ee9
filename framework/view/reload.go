package view

import (
	"fmt"
	"io/fs"
	"strings"
)

// signature changes when a template file is added, removed or written: names,
// sizes and modification times in the order of the walk. A walk that fails
// half-way is a signature like any other, the reading will report it.
func signature(fsys fs.FS) string {
	if fsys == nil {
		return ""
	}
	var b strings.Builder
	_ = fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // an unreadable directory has no files
		}
		info, err := entry.Info()
		if err != nil {
			return nil // removed since the directory was read
		}
		fmt.Fprintf(&b, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return b.String()
}
