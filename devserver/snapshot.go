package devserver

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hashLimit is the size from which a file counts as changed when its time
// changes: reading a film at each look would be slower than a needless reload.
const hashLimit = 8 << 20

// snapshot is what the watched files of an app were at one moment, by
// slash-separated path relative to the app. It is never changed.
type snapshot map[string]file

// file is one watched file. Hash decides whether it changed; Size and Time
// decide whether the hash has to be computed again.
type file struct {
	Kind   kind
	Size   int64
	Time   time.Time
	Hash   [sha256.Size]byte
	Embeds []string // what the go:embed directives of a Go file name
}

// takeSnapshot reads the files below dir. Files that have size and time of old
// are not read again. A file that vanishes meanwhile is not there.
func takeSnapshot(dir string, old snapshot) (snapshot, error) {
	found, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	// Go files first: their go:embed lines say what other files are.
	next := make(snapshot, len(old))
	var embeds []string
	for name, info := range found {
		if path.Ext(name) != ".go" {
			continue
		}
		next.add(dir, name, classify(name, false), info, old)
		if next[name].Kind == kindGo {
			embeds = append(embeds, next[name].Embeds...)
		}
	}
	for name, info := range found {
		if path.Ext(name) != ".go" {
			next.add(dir, name, classify(name, embedded(name, embeds)), info, old)
		}
	}
	return next, nil
}

// add takes one file in, with the hash of old where nothing moved.
func (s snapshot) add(dir, name string, k kind, info fs.FileInfo, old snapshot) {
	if k == kindNone {
		return
	}
	f := file{Kind: k, Size: info.Size(), Time: info.ModTime()}
	if was, ok := old[name]; ok && was.Size == f.Size && was.Time.Equal(f.Time) {
		f.Hash, f.Embeds = was.Hash, was.Embeds
		s[name] = f
		return
	}
	if f.Size > hashLimit {
		f.Hash = sha256.Sum256([]byte(f.Time.String()))
		s[name] = f
		return
	}
	content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return
	}
	f.Hash = sha256.Sum256(content)
	if path.Ext(name) == ".go" {
		f.Embeds = embedPatterns(path.Dir(name), content)
	}
	s[name] = f
}

// listFiles walks the app. Directories that hold no source of the app are
// skipped, so that a large upload folder costs nothing.
func listFiles(dir string) (map[string]fs.FileInfo, error) {
	found := map[string]fs.FileInfo{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if p == dir {
			return err
		}
		if err != nil {
			return nil // vanished during the walk
		}
		rel, _ := filepath.Rel(dir, p)
		name := filepath.ToSlash(rel)
		if d.IsDir() {
			if skipDir(dir, name) {
				return filepath.SkipDir
			}
			return nil
		}
		if info := regular(p, d); info != nil {
			found[name] = info
		}
		return nil
	})
	return found, err
}

// regular returns the facts about a regular file or a link to one, else nil.
func regular(p string, d fs.DirEntry) fs.FileInfo {
	info, err := d.Info()
	if err == nil && d.Type()&fs.ModeSymlink != 0 {
		info, err = os.Stat(p)
	}
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return info
}

// skipDir tells the directories that are not looked into: what the go command
// skips too, dependencies, and data and tmp unless they are Go packages.
func skipDir(dir, name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") ||
		base == "testdata" || base == "node_modules" || base == "vendor" {
		return true
	}
	full := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(filepath.Join(full, "go.mod")); err == nil {
		return true // a module of its own
	}
	if name != "data" && name != "tmp" {
		return false
	}
	sources, _ := filepath.Glob(filepath.Join(full, "*.go"))
	return len(sources) == 0
}

// embedPatterns returns what the go:embed directives of a Go file in folder
// name, as patterns relative to the app.
func embedPatterns(folder string, source []byte) []string {
	if !bytes.Contains(source, []byte("//go:embed ")) {
		return nil
	}
	var patterns []string
	lines := bufio.NewScanner(bytes.NewReader(source))
	lines.Buffer(nil, len(source)+1)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "//go:embed ")
		if !ok {
			continue
		}
		for _, pattern := range splitQuoted(rest) {
			patterns = append(patterns, path.Join(folder, strings.TrimPrefix(pattern, "all:")))
		}
	}
	return patterns
}

// splitQuoted splits the words of a go:embed line, which may be quoted.
func splitQuoted(line string) []string {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if quoted, err := strconv.QuotedPrefix(line); err == nil {
			word, _ := strconv.Unquote(quoted)
			words, line = append(words, word), line[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		words, line = append(words, word), rest
	}
	return words
}

// embedded tells whether one of the patterns takes the file in, by itself or
// with a directory above it.
func embedded(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		for at := name; at != "."; at = path.Dir(at) {
			if ok, _ := path.Match(pattern, at); ok {
				return true
			}
		}
		return pattern == "."
	})
}

// diff lists what changed between two snapshots, sorted by path.
func diff(old, next snapshot) []change {
	var changes []change
	for name, now := range next {
		if was, ok := old[name]; !ok || was.Hash != now.Hash {
			changes = append(changes, change{name, now.Kind})
		}
	}
	for name, was := range old {
		if _, ok := next[name]; !ok {
			changes = append(changes, change{name, was.Kind})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.Path, b.Path) })
	return changes
}

// readHead reads at most limit bytes of a file.
func readHead(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// skippedDirs lists the directories that are not looked into, relative to dir,
// for a watcher that has to be told. Hidden ones it knows itself.
func skippedDirs(dir string) []string {
	var skipped []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || p == dir {
			return nil
		}
		rel, _ := filepath.Rel(dir, p)
		name := filepath.ToSlash(rel)
		if !skipDir(dir, name) {
			return nil
		}
		if !strings.HasPrefix(path.Base(name), ".") {
			skipped = append(skipped, name)
		}
		return filepath.SkipDir
	})
	return skipped
}
