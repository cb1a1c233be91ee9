package config

import (
	"os"
	"path/filepath"
)

// Program is the name of the running binary, for messages that tell a person
// which command to type: the app's name may be another.
func Program() string {
	path, err := os.Executable()
	if err != nil {
		return "app"
	}
	return filepath.Base(path)
}
