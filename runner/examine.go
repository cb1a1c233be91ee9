package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/front"
)

// examine looks at what a configuration names and serve would need:
// certificates, addresses, users, files and directories, and for settings that
// change nothing. Faults would hinder it; remarks are about what may be
// otherwise when it starts, or for whoever starts it. An address that the running app itself has is neither: a reload
// keeps it.
func examine(ctx context.Context, conf *config.Config) (faults, remarks []error) {
	_, faults, remarks = front.ReadCertificates(conf, conf.Now())
	faults = slices.Concat(faults, front.MissingDirectories(conf), front.BrokenTrust(conf), conf.Idle())
	places := wantedPlaces(conf, false)
	if conf.Metrics.Listen != "" {
		places = append(places, place{key: "metrics.listen", address: conf.Metrics.Listen})
	}
	own := sync.OnceValue(func() []int { return ownProcesses(ctx, conf) })
	for _, p := range places {
		f, _, err := listenFor(p.key, p.address)
		if err == nil {
			f.Close()
			continue
		}
		if errors.Is(err, errInUse) && slices.Contains(own(), holderOf(p.address)) {
			continue
		}
		err = fmt.Errorf("%s: %s: %w", whereOf(conf, p.key), p.key, err)
		if errors.Is(err, errInUse) || errors.Is(err, errReserved) {
			remarks = append(remarks, err)
		} else {
			faults = append(faults, err)
		}
	}
	if _, err := identityOf(conf.Server, 0); err != nil {
		faults = append(faults, fmt.Errorf("%s: %w", whereOf(conf, "server.user"), err))
	} else if _, err := identityOf(conf.Server, os.Geteuid()); err != nil {
		remarks = append(remarks, fmt.Errorf("%s: %w", whereOf(conf, "server.user"), err))
	}
	if err := examineAccessLog(conf); err != nil {
		faults = append(faults, err)
	}
	for _, d := range [][2]string{{"server.run_dir", conf.RunDir()}, {"server.state_dir", conf.StateDir()}} {
		if err := usable(d[1]); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", whereOf(conf, d[0]), d[0], err))
		}
	}
	return faults, remarks
}

// ownProcesses are those of the running app that hold its addresses; none when
// it does not run.
func ownProcesses(ctx context.Context, conf *config.Config) []int {
	s, err := askStatus(ctx, conf, false)
	if err != nil {
		return nil
	}
	pids := []int{s.PID}
	if s.Front != nil {
		pids = append(pids, s.Front.PID)
	}
	for _, f := range s.OldFronts {
		pids = append(pids, f.PID)
	}
	return pids
}

// holderOf finds the process that listens on the port of an address.
func holderOf(address string) int {
	addr, _, err := resolve(address)
	if err != nil {
		return 0
	}
	return portHolder(int(addr.Port()))
}

// examineAccessLog says what would hinder the file for the access log, and makes
// nothing.
func examineAccessLog(conf *config.Config) error {
	path := accessPath(conf)
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err = os.Stat(filepath.Dir(path)); err == nil && !info.IsDir() {
			err = unix.ENOTDIR
		} else if err == nil {
			err = unix.Access(filepath.Dir(path), unix.W_OK|unix.X_OK)
		}
	case err == nil && info.IsDir():
		err = unix.EISDIR
	case err == nil:
		err = unix.Access(path, unix.W_OK)
	}
	if err != nil {
		return accessFault(conf, err)
	}
	return nil
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
