package runner

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
)

// identity is the user that the processes of a tree run as, when the master
// keeps the rights of root for itself: front, workers and the short-lived
// roles get it at their start, before their first line, so that nothing of
// them ever runs as root. A nil identity changes nothing.
type identity struct {
	uid, gid uint32
	groups   []uint32 // supplementary
	name     string   // as in the settings
	login    string   // "" for a number that no user has
	home     string
}

// identityOf finds the user of server.user and server.group for a process that
// runs as euid; nil when there is nothing to change.
func identityOf(s config.Server, euid int) (*identity, error) {
	if s.User == "" {
		return nil, nil
	}
	who, err := findUser(s.User)
	if err != nil {
		return nil, err
	}
	if s.Group != "" {
		if err := who.joinOnly(s.Group); err != nil {
			return nil, err
		}
	} else if who.login == "" {
		return nil, fmt.Errorf("server.user: no user of this machine has the number %s, so nobody knows its group\nSet server.group, too", s.User)
	}
	switch {
	case euid == 0:
		return who, nil
	case int(who.uid) == euid:
		return nil, nil // that is who we are
	}
	return nil, fmt.Errorf("server.user is %s, but only root can start processes of another user, and this one runs as user %d\nStart it as root or as %s, or take server.user out", s.User, euid, s.User)
}

func findUser(name string) (*identity, error) {
	u, err := user.Lookup(name)
	if number, notNumber := strconv.ParseUint(name, 10, 32); err != nil && notNumber == nil {
		if u, err = user.LookupId(name); err != nil {
			return &identity{uid: uint32(number), name: name}, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("server.user: this machine has no user %q; write a name or a number of /etc/passwd", name)
	}
	who := &identity{name: name, login: u.Username, home: u.HomeDir}
	numbers, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("server.user: the groups of %s: %w", name, err)
	}
	if who.uid, err = number(u.Uid); err != nil {
		return nil, err
	}
	if who.gid, err = number(u.Gid); err != nil {
		return nil, err
	}
	for _, text := range numbers {
		n, err := number(text)
		if err != nil {
			return nil, err
		}
		who.groups = append(who.groups, n)
	}
	return who, nil
}

// joinOnly makes a group the only one.
func (i *identity) joinOnly(name string) error {
	gid := name
	if g, err := user.LookupGroup(name); err == nil {
		gid = g.Gid
	}
	n, err := number(gid)
	if err != nil {
		return fmt.Errorf("server.group: this machine has no group %q; write a name or a number of /etc/group", name)
	}
	i.gid, i.groups = n, nil
	return nil
}

func number(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err
}

// attributes are how a child starts: in a group of its own, so that the
// terminal's signals reach the master alone, and as this user.
func (i *identity) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if i != nil {
		attr.Credential = &syscall.Credential{Uid: i.uid, Gid: i.gid, Groups: i.groups}
	}
	return attr
}

// variables tell a child who it is, as a login does.
func (i *identity) variables() []string {
	if i == nil {
		return nil
	}
	return []string{"USER=" + cmp.Or(i.login, i.name), "LOGNAME=" + cmp.Or(i.login, i.name), "HOME=" + cmp.Or(i.home, "/")}
}

// String is the name that the settings give.
func (i *identity) String() string {
	if i == nil {
		return ""
	}
	return i.name
}

// Rights that a directory of ours has for the group of the other user. It
// belongs to us, so that user can neither rename nor replace what is in it.
const (
	passable = 0o710                // may be passed through
	shared   = 0o770 | unix.S_ISVTX // may be written to; what others wrote stays theirs
	private  = fs.FileMode(0o700)
)

// admit makes a directory of ours and lets the user's group into it.
func (i *identity) admit(path string, rights uint32) error {
	if i == nil {
		return nil
	}
	if err := os.MkdirAll(path, private); err != nil {
		return err
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	if err := cmp.Or(unix.Fchown(fd, -1, int(i.gid)), unix.Fchmod(fd, rights)); err != nil {
		return &fs.PathError{Op: "give rights to " + i.name, Path: path, Err: err}
	}
	return nil
}

// settle prepares what the processes of the user find on the disk:
//
//	.dram           they pass through it
//	.dram/run       they leave dumps and last words in it
//	.dram/state     they pass through it
//	  bin, config   they read; only we write
//	  assets        is theirs
//	  migrate.lock  is theirs
//
// The app's own directories, such as data/, are for whoever installs it.
func (i *identity) settle(conf *config.Config) error {
	if i == nil {
		return nil
	}
	state, ours := conf.StateDir(), conf.Path(".dram")
	var err error
	for _, dir := range []string{conf.RunDir(), state, conf.LockDir()} {
		if strings.HasPrefix(dir+"/", ours+"/") {
			err = i.admit(ours, passable)
		}
	}
	err = cmp.Or(err,
		i.admit(conf.LockDir(), passable),
		i.admit(state, passable),
		i.admit(filepath.Join(state, "bin"), passable),
		i.admit(settingsDir(conf), passable),
		i.own(conf.LockDir(), "migrate.lock"),
		i.ownTree(state, "assets"),
	)
	if err != nil {
		return fmt.Errorf("server.user: %w", err)
	}
	return nil
}

// own makes a file in a directory of ours that the user may write.
func (i *identity) own(dir, name string) error {
	f, err := openLock(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	return errors.Join(f.Chown(int(i.uid), int(i.gid)), f.Close())
}

// ownTree makes a directory, and gives it to the user with all that is in it.
// Links are not followed out of it, whoever made them.
func (i *identity) ownTree(dir, name string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Mkdir(name, private); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory\nRemove it; it is made anew", filepath.Join(dir, name))
	}
	if stat := info.Sys().(*syscall.Stat_t); stat.Uid == i.uid && stat.Gid == i.gid {
		return nil
	}
	// Its first owner may still be at work in it, so the top goes last.
	tree, err := root.OpenRoot(name)
	if err != nil {
		return err
	}
	defer tree.Close()
	err = fs.WalkDir(tree.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if !info.IsDir() && info.Sys().(*syscall.Stat_t).Nlink > 1 {
			return fmt.Errorf("%s has a second name somewhere; remove it", filepath.Join(dir, name, path))
		}
		return tree.Lchown(path, int(i.uid), int(i.gid))
	})
	if err != nil {
		return err
	}
	return tree.Chown(".", int(i.uid), int(i.gid))
}

// lendSettings lets the user read the settings of a generation, but neither
// change nor replace them. A secret must be readable by its owner alone.
func (i *identity) lendSettings(kept keptSettings) error {
	if i == nil {
		return nil
	}
	place := filepath.Dir(kept.file)
	err := cmp.Or(
		i.admit(filepath.Dir(place), passable),
		i.admit(place, passable),
		i.admit(filepath.Join(place, ".dram"), passable),
		os.Lchown(kept.file, -1, int(i.gid)),
		os.Chmod(kept.file, 0o640),
	)
	secret := os.Lchown(filepath.Join(place, ".dram", "secret"), int(i.uid), int(i.gid))
	if errors.Is(secret, fs.ErrNotExist) {
		secret = nil
	}
	return cmp.Or(err, secret)
}

// lendSocket lets the user connect to a socket.
func (i *identity) lendSocket(path string) error {
	if i == nil {
		return nil
	}
	return cmp.Or(os.Lchown(path, -1, int(i.gid)), os.Chmod(path, 0o660))
}
