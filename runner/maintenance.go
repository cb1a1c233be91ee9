package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dram-go/dram/runner/control"
)

// maintenanceName is the file in the state directory that says that the site is
// closed: it stays so when the app is started again.
const maintenanceName = "maintenance.json"

const (
	// maxMaintenanceText and maxMaintenanceRanges bound what every table
	// carries.
	maxMaintenanceText   = 2000
	maxMaintenanceRanges = 100
	maxRetryAfter        = 31 * 24 * time.Hour
)

// checkMaintenance says what is wrong with what somebody asks for.
func checkMaintenance(m control.Maintenance) error {
	var faults []error
	if len(m.Message) > maxMaintenanceText || !utf8.ValidString(m.Message) {
		faults = append(faults, fmt.Errorf("message: expected text of at most %d bytes", maxMaintenanceText))
	}
	if m.RetryAfter < 0 || m.RetryAfter > maxRetryAfter {
		faults = append(faults, fmt.Errorf("retry-after %s: expected a duration up to %s, like 10m", m.RetryAfter, maxRetryAfter))
	}
	if len(m.Allow) > maxMaintenanceRanges {
		faults = append(faults, fmt.Errorf("allow: %d ranges, at most %d are possible", len(m.Allow), maxMaintenanceRanges))
	}
	for _, text := range m.Allow {
		if _, err := control.ParseRange(text); err != nil {
			faults = append(faults, fmt.Errorf("allow: %w", err))
		}
	}
	return errors.Join(faults...)
}

// recallMaintenance reads what an earlier master left; nil for an open site. If
// that cannot be read, the site stays closed: somebody wanted it so.
func recallMaintenance(stateDir string) (*control.Maintenance, error) {
	path := filepath.Join(stateDir, maintenanceName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	m := &control.Maintenance{}
	if err == nil {
		if err = json.Unmarshal(text, m); err == nil {
			err = checkMaintenance(*m)
		}
	}
	if err != nil {
		return &control.Maintenance{Since: time.Now()}, fmt.Errorf("%s cannot be read, so the site is closed without its words: %w", path, err)
	}
	return m, nil
}

// keepMaintenance leaves it for the next master; nil for an open site.
func keepMaintenance(stateDir string, m *control.Maintenance) error {
	path := filepath.Join(stateDir, maintenanceName)
	if m == nil {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return err
	}
	return replaceFile(path, append(text, '\n'))
}

// beginWithMaintenance goes on with what an earlier master left.
func (m *master) beginWithMaintenance() {
	left, err := recallMaintenance(m.conf.StateDir())
	if err != nil {
		m.log.Error(err.Error())
	}
	m.state.maintenance = left
	if left != nil {
		m.log.Warn("the site is closed; `maintenance off` opens it", "since", left.Since)
	}
}

// maintenanceRequest closes the site or opens it, and answers when every front
// goes by that.
func (m *master) maintenanceRequest(p *peer, args []string) {
	want, err := readMaintenance(args, m.state.maintenance)
	if err == nil {
		err = keepMaintenance(m.conf.StateDir(), want)
	}
	if err != nil {
		answer(p, control.Result{ExitCode: exitRefused, Text: err.Error()})
		return
	}
	done := "the site is open"
	if want != nil {
		done = "the site is closed: clients get 503" + except(want.Allow)
	}
	m.log.Warn(done, "why", "command maintenance "+args[0])
	m.state.maintenance = want
	m.settle() // publishes the table that says so
	revision := m.state.revision
	m.when(control.Lease, func() bool { return m.state.allAcked(revision) }, func(ok bool) {
		if !ok {
			answer(p, control.Result{ExitCode: exitTimeout, Text: done + ", but a front has not said that it knows; look at status"})
			return
		}
		answer(p, control.Result{Text: done})
	})
}

func except(allow []string) string {
	if len(allow) == 0 {
		return ""
	}
	return ", except those from " + strings.Join(allow, ", ")
}

// readMaintenance reads the arguments of the command. Who is closed already
// stays so since then.
func readMaintenance(args []string, now *control.Maintenance) (*control.Maintenance, error) {
	switch {
	case len(args) == 1 && args[0] == "off":
		return nil, nil
	case len(args) == 2 && args[0] == "on":
	default:
		return nil, fmt.Errorf("maintenance %q: expected on or off", args)
	}
	want := &control.Maintenance{}
	if err := json.Unmarshal([]byte(args[1]), want); err != nil {
		return nil, fmt.Errorf("maintenance: %w", err)
	}
	want.Since = time.Now().Truncate(time.Second)
	if now != nil {
		want.Since = now.Since
	}
	return want, checkMaintenance(*want)
}

// allAcked reports that every front goes by a table, or by a newer one.
func (s *state) allAcked(revision uint64) bool {
	for _, peer := range s.peers {
		if peer.acked < revision {
			return false
		}
	}
	return true
}
