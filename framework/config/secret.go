package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// minSecret is the least length of a secret in bytes of text.
const minSecret = 32

// secretPath is where [GenerateSecret] writes and [Load] reads, below Root.
func secretPath(root string) string { return filepath.Join(root, ".dram", "secret") }

// GenerateSecret makes sure that the app in root has a secret: it writes 256
// random bits to root/.dram/secret (directory 0700, file 0600), which [Load]
// takes when nothing else sets the secret. An existing file is never touched;
// created is false then. Several processes may call it at once: one writes,
// all find the same secret.
func GenerateSecret(root string) (path string, created bool, err error) {
	path = secretPath(root)
	if _, err := os.Lstat(path); err == nil {
		return path, false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return path, false, fmt.Errorf("config: directory of the secret: %w", err)
	}
	random := make([]byte, 32)
	rand.Read(random) // never fails
	err = writeOnce(path, base64.RawURLEncoding.EncodeToString(random)+"\n")
	if errors.Is(err, fs.ErrExist) {
		return path, false, nil // another process was faster
	}
	if err != nil {
		return path, false, fmt.Errorf("config: write secret: %w", err)
	}
	return path, true, nil
}

// writeOnce gives path its content in one step or fails with fs.ErrExist: a
// hard link is the one portable rename that never replaces.
func writeOnce(path, text string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if _, err := temp.WriteString(text); err != nil {
		temp.Close()
		return err
	}
	if err := errors.Join(temp.Sync(), temp.Close()); err != nil {
		return err
	}
	err = os.Link(temp.Name(), path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return writeExclusive(path, text) // a file system without hard links
}

// writeExclusive is writeOnce in two steps: a reader in between sees a secret
// that is too short and says so.
func writeExclusive(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return errors.Join(err, os.Remove(path))
	}
	return errors.Join(f.Sync(), f.Close())
}

// readSecret reads a file that holds one secret; a relative path counts from
// root. Its rights are not looked at: secrets that Docker and Kubernetes mount
// are readable by everybody in the container.
func readSecret(path, root string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	text, err := readBounded(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the secret: %w", err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("file %s is empty, expected a secret", path)
	}
	return secret, nil
}

// generatedSecret reads the file of GenerateSecret, "" if there is none. It is
// ours, so others must not be able to read it.
func generatedSecret(root string) (string, *Fault) {
	path := secretPath(root)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", &Fault{Where: path, Text: "cannot read the secret: " + err.Error()}
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" { // which has no such bits
		return "", &Fault{Where: path, Text: fmt.Sprintf("others may read this secret (%v): chmod 600 %s", info.Mode().Perm(), path)}
	}
	secret, err := readSecret(path, root)
	if err != nil {
		return "", &Fault{Where: path, Text: err.Error()}
	}
	return secret, nil
}
