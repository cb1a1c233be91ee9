package front

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// reachTime bounds the wait for each upstream.
const reachTime = 3 * time.Second

// Unreachable asks the upstreams of all mounts how they are, as a front would,
// and returns an error for each that does not answer well: where it is
// configured, what is wrong, what follows. They are no faults of the
// configuration, for an upstream may be started later.
func Unreachable(ctx context.Context, c *config.Config) []error {
	all, err := newMounts(c)
	if err != nil {
		return []error{err}
	}
	where := make(map[string]string)
	for _, s := range c.Settings() {
		where[s.Key] = s.Origin
	}
	var asking sync.WaitGroup
	var found [][]error
	for _, m := range all {
		key := "mounts." + m.name + ".upstreams"
		names := m.Upstreams
		if m.App != "" {
			key, names = "mounts."+m.name+".app", []string{m.App}
		}
		if m.App == config.SelfApp {
			continue
		}
		lines := make([]error, len(names))
		found = append(found, lines)
		for i, name := range names {
			asking.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, reachTime)
				defer cancel()
				if err := m.try(ctx, i); err != nil {
					lines[i] = fmt.Errorf("%s: %s: %s does not answer: %w; until it does, requests for it wait and get 503", where[key], key, name, err)
				}
			})
		}
	}
	asking.Wait()
	var out []error
	for _, lines := range found {
		for _, line := range lines {
			if line != nil {
				out = append(out, line)
			}
		}
	}
	return out
}

// try asks an upstream, or whether a gateway listens.
func (m *mount) try(ctx context.Context, i int) error {
	if m.App != "" {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socketOf(m.App))
		if err == nil {
			return conn.Close()
		}
		// People name the directory of the app rather than the one in it.
		run := filepath.Join(m.App, ".dram", "run")
		if info, missing := os.Stat(run); missing == nil && info.IsDir() {
			return fmt.Errorf("%w (the run directory of that app is %s)", err, run)
		}
		return err
	}
	o := newOrigin(m, i, reachTime, func(*origin) {})
	defer o.single.CloseIdleConnections()
	return o.try(ctx)
}
