package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/front"
)

// examine looks at what a configuration names and serve would need:
// certificates, addresses and directories. Faults would hinder it; remarks are
// about what may be otherwise when it starts, or for whoever starts it.
func examine(conf *config.Config) (faults, remarks []error) {
	_, faults, remarks = front.ReadCertificates(conf, conf.Now())
	faults = append(faults, front.MissingDirectories(conf)...)
	for _, p := range wantedPlaces(conf, false) {
		f, _, err := listenFor(p.key, p.address)
		if err == nil {
			f.Close()
			continue
		}
		err = fmt.Errorf("%s: %s: %w", whereOf(conf, p.key), p.key, err)
		if errors.Is(err, errInUse) || errors.Is(err, errReserved) {
			remarks = append(remarks, err)
		} else {
			faults = append(faults, err)
		}
	}
	for _, d := range [][2]string{{"server.run_dir", conf.RunDir()}, {"server.state_dir", conf.StateDir()}} {
		if err := usable(d[1]); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", whereOf(conf, d[0]), d[0], err))
		}
	}
	return faults, remarks
}

// whereOf names the place of a setting as the person who set it does.
func whereOf(conf *config.Config, key string) string {
	if where := conf.Where(key); where != "flag server.listen" {
		return where
	}
	return "--listen"
}

// usable reports why a directory could not be written to, or made.
func usable(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at):
			continue
		case err != nil:
			return fmt.Errorf("%s cannot be used: %w", dir, err)
		case !info.IsDir():
			return fmt.Errorf("%s cannot be made, because %s is a file: name another directory", dir, at)
		case unix.Access(at, unix.W_OK|unix.X_OK) != nil:
			return fmt.Errorf("%s cannot be written to by this user: name another directory, or give it %s", dir, at)
		}
		return nil
	}
}
