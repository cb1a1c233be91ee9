package devserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// withDotenv adds the variables of dir/.env to env. What the environment has
// already wins, so that a variable can be tried out for one run.
func withDotenv(env []string, dir string) (joined, warnings []string) {
	text, err := os.ReadFile(filepath.Join(dir, ".env"))
	if errors.Is(err, fs.ErrNotExist) {
		return env, nil
	}
	if err != nil {
		return env, []string{err.Error()}
	}
	have := map[string]bool{}
	for _, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		have[name] = true
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		name, value, ok, err := parseEnvLine(line)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf(".env:%d: %v", number, err))
		}
		if ok && !have[name] {
			env = append(env, name+"="+value)
		}
	}
	return env, warnings
}

// parseEnvLine reads NAME=value, export NAME=value, NAME="a\nb", NAME='as is'.
// Empty lines and lines that begin with # are none.
func parseEnvLine(line string) (name, value string, ok bool, err error) {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return "", "", false, nil
	}
	name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !found || !envName.MatchString(name) {
		return "", "", false, errors.New("expected NAME=value")
	}
	switch {
	case strings.HasPrefix(value, `"`):
		quoted, err := strconv.QuotedPrefix(value)
		if err != nil {
			return "", "", false, fmt.Errorf("the quotation of %s has no end", name)
		}
		value, _ = strconv.Unquote(quoted)
	case strings.HasPrefix(value, "'"):
		inner, _, closed := strings.Cut(value[1:], "'")
		if !closed {
			return "", "", false, fmt.Errorf("the quotation of %s has no end", name)
		}
		value = inner
	default:
		value, _, _ = strings.Cut(value, " #")
		value = strings.TrimSpace(value)
	}
	return name, value, true, nil
}
