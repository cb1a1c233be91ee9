package asset

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// tempPrefix begins the names of files that are still being written. They are
// hidden, so no handler serves them.
const tempPrefix = ".tmp-"

// replace gives the file name below dir new content in one step. The content
// is on the disk before the name: after a loss of power a name never leads to
// a file of zeros. The name itself lasts once its directory is synced.
func replace(dir *os.Root, name string, write func(io.Writer) error) error {
	if err := dir.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	temp := path.Join(path.Dir(name), tempPrefix+rand.Text())
	f, err := dir.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = dir.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), ignoreMissing(dir.Remove(temp)))
	}
	return nil
}

// ignoreMissing turns the error of removing what is gone into success.
func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// syncDir makes the names in a directory last.
func syncDir(dir *os.Root, name string) error {
	d, err := dir.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
