package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const caddyConfig = `{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
%[1]s {
	%[2]s
	%[3]s
	%[4]s
	handle {
		reverse_proxy unix/%[5]s {
			transport http {
				keepalive_idle_conns_per_host 512
			}
		}
	}
}
`

// StartCaddy starts Caddy, and the app behind it.
func StartCaddy(dir, name string, p Proxy) (*Stack, error) {
	program, err := find("caddy")
	if err != nil {
		return nil, err
	}
	s, address, err := newStack(dir, name)
	if err != nil {
		return nil, err
	}
	socket, err := s.app(p)
	if err == nil {
		err = s.startCaddy(program, address, socket, p)
	}
	return s.ready(p.Ready, err)
}

func (s *Stack) startCaddy(program, address, socket string, p Proxy) error {
	site, log, secure := "http://"+address, "", ""
	if p.Log {
		log = "log {\n\t\toutput file " + filepath.Join(s.dir, "access.json") + "\n\t}"
	}
	if p.TLS {
		s.URL = strings.Replace(s.URL, "http:", "https:", 1)
		cert, key, err := certificate(s.dir)
		if err != nil {
			return err
		}
		site, secure = s.URL, fmt.Sprintf("tls %s %s", cert, key)
	}
	files := ""
	if p.Files != "" {
		files = "handle_path /static/* {\n\t\troot * " + p.Files + "\n\t\tfile_server\n\t\theader Cache-Control no-cache\n\t}"
	}
	config := filepath.Join(s.dir, "Caddyfile")
	text := fmt.Sprintf(caddyConfig, site, log, secure, files, socket)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return err
	}
	home := []string{"HOME=" + s.dir, "XDG_DATA_HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir}
	cmd, err := s.start("caddy", home, program, "run", "--config", config, "--adapter", "caddyfile")
	if err == nil {
		s.Front = cmd.Process.Pid
	}
	return err
}
