package apps

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner"
)

// The variables by which a process is told what it is.
const (
	Variable = "PEERBENCH_APP"    // page, board or dram; anything else is none
	Socket   = "PEERBENCH_SOCKET" // path of the unix socket that page and board listen on
	Files    = "PEERBENCH_FILES"  // directory of static files that dram serves
	Database = "PEERBENCH_DB"     // SQLite file of board
)

// Main is the main function of a process that is one of the apps; it returns
// only in one that is none.
func Main() {
	var err error
	switch os.Getenv(Variable) {
	case "page":
		err = listen(http.HandlerFunc(Page))
	case "board":
		var h http.Handler
		if h, err = NewBoard(os.Getenv(Database)); err == nil {
			err = listen(h)
		}
	case "dram":
		runner.Main(NewSite)
	default:
		return
	}
	fmt.Fprintln(os.Stderr, "peerbench:", err)
	os.Exit(1)
}

// listen serves what a proxy passes on.
func listen(h http.Handler) error {
	l, err := net.Listen("unix", os.Getenv(Socket))
	if err != nil {
		return err
	}
	if err := os.Chmod(os.Getenv(Socket), 0o777); err != nil { // proxies run as other users
		return err
	}
	return http.Serve(l, h)
}

// Site is the page and some static files on Dram's runner.
type Site struct {
	http.Handler
	files fs.FS
}

// NewSite makes the site.
func NewSite(*config.Config) (*Site, error) {
	s := &Site{Handler: http.HandlerFunc(Page)}
	if dir := os.Getenv(Files); dir != "" {
		s.files = os.DirFS(dir)
	}
	return s, nil
}

// Assets are the static files.
func (s *Site) Assets() fs.FS { return s.files }

var errNoDatabase = errors.New("the board needs a database: " + Database)
