package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Proxy is a server before an app, or of static files.
type Proxy struct {
	App   []string // variables of an app of this binary, nil for none
	Flask string   // database of the Flask app instead
	Files string   // directory served below /static/
	Log   bool     // an access log is written
	TLS   bool     // HTTP/2 over TLS
	Ready string   // path that is answered when all is ready
}

// app starts the app behind a proxy and returns where it listens.
func (s *Stack) app(p Proxy) (socket string, err error) {
	socket = filepath.Join(s.dir, "app.sock")
	switch {
	case p.Flask != "":
		return socket, s.startFlask(socket, p.Flask)
	case p.App != nil:
		return socket, s.startGo(socket, p.App)
	}
	return socket, nil
}

// nginxConfig is tuned as its documentation says for many keep-alive
// connections and open files.
const nginxConfig = `worker_processes auto;
worker_rlimit_nofile %[8]d;
%[7]spid %[1]s/nginx.pid;
error_log %[1]s/nginx-error.log;
events { worker_connections 16384; }
http {
	include /etc/nginx/mime.types;
	access_log %[2]s;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	sendfile on; tcp_nopush on;
	keepalive_timeout 300; keepalive_requests 100000000;
	open_file_cache max=%[9]d inactive=300s; open_file_cache_valid 300s;
	upstream app { server unix:%[3]s; keepalive 512; keepalive_requests 100000000; }
	server {
		listen %[4]s%[5]s;
		location /static/ { alias %[6]s/; add_header Cache-Control no-cache; }
		location / {
			proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
			proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_set_header X-Request-Id $request_id;
			add_header X-Request-Id $request_id;
		}
	}
}
`

// StartNginx starts nginx, and the app behind it.
func StartNginx(dir, name string, p Proxy) (*Stack, error) {
	program, err := find("nginx")
	if err != nil {
		return nil, err
	}
	s, address, err := newStack(dir, name)
	if err != nil {
		return nil, err
	}
	socket, err := s.app(p)
	if err == nil {
		err = s.startNginx(program, address, socket, p)
	}
	return s.ready(p.Ready, err)
}

func (s *Stack) startNginx(program, address, socket string, p Proxy) error {
	access, secure, user := "off", "", ""
	if p.Log {
		access = filepath.Join(s.dir, "access.log")
	}
	if p.TLS {
		s.URL = strings.Replace(s.URL, "http:", "https:", 1)
		cert, key, err := certificate(s.dir)
		if err != nil {
			return err
		}
		secure = fmt.Sprintf(" ssl http2; ssl_certificate %s; ssl_certificate_key %s", cert, key)
	}
	if os.Getuid() == 0 {
		user = "user root;\n" // the directory is root's
	}
	config := filepath.Join(s.dir, "nginx.conf")
	limit, kept, err := openFiles()
	if err != nil {
		return err
	}
	text := fmt.Sprintf(nginxConfig, s.dir, access, socket, address, secure, p.Files, user, limit, kept)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return err
	}
	cmd, err := s.start("nginx", nil, program, "-c", config, "-g", "daemon off;")
	if err == nil {
		s.Front = cmd.Process.Pid
	}
	return err
}

// openFiles are how many descriptors nginx may have, and how many of them for
// files that it keeps open: as many as it is allowed to, but room for clients.
func openFiles() (limit, kept uint64, err error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, 0, err
	}
	limit = min(r.Max, 1<<18)
	return limit, limit * 3 / 4, nil
}
