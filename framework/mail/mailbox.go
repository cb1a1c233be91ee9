package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxLetters is how many mails a mailbox keeps.
const maxLetters = 500

// letterSuffix ends the names of mails; mail programs know it.
const letterSuffix = ".eml"

// Mailbox is a directory that keeps mails instead of sending them: what
// development uses. Only the newest 500 stay. The directory is made when the
// first mail comes, readable for its owner alone.
type Mailbox struct {
	Dir string
	Log *slog.Logger // gets a line for each mail; nil means none
}

func (b Mailbox) send(ctx context.Context, m *composed) error {
	if err := os.MkdirAll(b.Dir, 0o700); err != nil {
		return fmt.Errorf("mail: make the mailbox: %w", err)
	}
	name := time.Now().UTC().Format("20060102-150405.000000") + "-" + rand.Text()[:6] + letterSuffix
	path := filepath.Join(b.Dir, name)
	if err := write(path, m); err != nil {
		return fmt.Errorf("mail: keep the mail: %w", err)
	}
	if b.Log != nil {
		b.Log.InfoContext(ctx, "mail kept, not sent", "to", strings.Join(m.recipients(), ", "), "subject", m.Subject, "file", path)
	}
	return b.prune()
}

// write gives path the mail in one step: a reader sees all of it or nothing.
func write(path string, m *composed) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".mail-*") // 0600
	if err != nil {
		return err
	}
	_, err = m.wire.WriteTo(temp)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
	}
	return err
}

// prune removes the oldest mails.
func (b Mailbox) prune() error {
	names, err := b.names()
	if err != nil || len(names) <= maxLetters {
		return err
	}
	for _, name := range names[maxLetters:] {
		if err := os.Remove(filepath.Join(b.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("mail: remove an old mail: %w", err)
		}
	}
	return nil
}

// names lists the files of the mails, the newest first.
func (b Mailbox) names() ([]string, error) {
	entries, err := os.ReadDir(b.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mail: read the mailbox: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && isLetter(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names, nil
}

func isLetter(name string) bool {
	return strings.HasSuffix(name, letterSuffix) && !strings.HasPrefix(name, ".") && filepath.Base(name) == name
}

// Letters returns the mails in the box, the newest first. Files that are no
// mails are left out.
func (b Mailbox) Letters() ([]Letter, error) {
	names, err := b.names()
	if err != nil {
		return nil, err
	}
	var letters []Letter
	for _, name := range names {
		if l, err := b.Letter(name); err == nil {
			letters = append(letters, l)
		}
	}
	return letters, nil
}

// Letter returns one mail by the name of its file. One that is not there is
// fs.ErrNotExist.
func (b Mailbox) Letter(name string) (Letter, error) {
	if !isLetter(name) {
		return Letter{}, fmt.Errorf("mail: %q is no mail of the box: %w", name, fs.ErrNotExist)
	}
	f, err := os.Open(filepath.Join(b.Dir, name))
	if err != nil {
		return Letter{}, fmt.Errorf("mail: %w", err)
	}
	defer f.Close()
	l, err := readLetter(f)
	l.Name = name
	return l, err
}
