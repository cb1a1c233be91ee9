package runner

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// keepBinaries is how many generations' binaries stay on the disk: the one
// that serves and the one before it.
const keepBinaries = 2

// buildID is what a binary is called by: the first 12 hex digits of its
// SHA-256.
func buildID(path string) (string, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readBuildID(f)
}

func readBuildID(r io.Reader) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// ownBuild is the build id of this process. The copies of [keepBinary] have
// it in their path; another binary is read.
func ownBuild() string {
	if exe, err := os.Executable(); err == nil {
		dir := filepath.Base(filepath.Dir(exe))
		if raw, err := hex.DecodeString(dir); err == nil && len(raw) == 6 {
			return dir
		}
	}
	build, err := buildID("/proc/self/exe")
	if err != nil {
		return "unknown"
	}
	return build
}

// ownPath is the path that this process was started by. It is not
// os.Executable, which names the file behind a link: a deployment that turns
// a link to the next release must be found by the next reload.
func ownPath() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("cannot find my own binary: %w", err)
	}
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return exe, nil // argv[0] is a title
	}
	if path, err = filepath.Abs(path); err != nil {
		return exe, nil
	}
	a, errA := os.Stat(path)
	b, errB := os.Stat("/proc/self/exe")
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		return exe, nil
	}
	return path, nil
}

// keepBinary copies the binary at source to dir/<build id>/<its name>, where
// it stays whatever happens to the source, and returns both. Who may not pass
// through dir cannot read it. The copy runs the processes of its generation, so their name in ps is the binary's.
func keepBinary(source, dir string) (path, build string, err error) {
	in, _, err := openRegular(source)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("there is no binary at %s, where this app was started from", source)
	}
	if err != nil {
		return "", "", fmt.Errorf("read the binary: %w", err)
	}
	defer in.Close()
	if build, err = readBuildID(in); err != nil {
		return "", "", fmt.Errorf("read the binary: %w", err)
	}
	path = filepath.Join(dir, build, filepath.Base(source))
	if kept, err := buildID(path); err == nil && kept == build {
		now := time.Now() // the newest are kept
		return path, build, cmp.Or(os.Chmod(path, 0o755), os.Chtimes(filepath.Dir(path), now, now))
	}
	if err := copyBinary(in, path); err != nil {
		return "", "", fmt.Errorf("keep a copy of the binary: %w", err)
	}
	if got, err := buildID(path); err != nil || got != build {
		os.RemoveAll(filepath.Dir(path))
		return "", "", fmt.Errorf("%s changed while it was copied; try again once it is written", source)
	}
	return path, build, nil
}

// copyBinary writes path whole or not at all.
func copyBinary(in *os.File, path string) error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(path), ".copy-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // fails after the rename, as it should
	_, err = io.Copy(out, in)
	err = cmp.Or(err, out.Chmod(0o755), out.Sync(), out.Close())
	if err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

// pruneBinaries removes all but the newest copies and those in use.
func pruneBinaries(dir string, inUse ...string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	type kept struct {
		name string
		at   time.Time
	}
	var all []kept
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() {
			all = append(all, kept{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return b.at.Compare(a.at) })
	for i, k := range all {
		if i < keepBinaries || slices.Contains(inUse, k.name) {
			continue
		}
		err = cmp.Or(err, os.RemoveAll(filepath.Join(dir, k.name)))
	}
	return err
}
