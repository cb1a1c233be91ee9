package apps

import (
	_ "embed"
	"os"
	"path/filepath"
)

//go:embed board.py
var flaskApp []byte

//go:embed board.jinja.html
var flaskPage []byte

// WriteFlask writes the Flask app into a directory, as module board.
func WriteFlask(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "board.py"), flaskApp, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "board.jinja.html"), flaskPage, 0o644)
}
