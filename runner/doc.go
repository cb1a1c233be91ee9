// Package runner makes a web application out of an http.Handler: it gives the
// app's binary the commands to serve, reload, migrate and look at itself.
//
//	func main() { runner.Main(New) }
//
// where New makes the app from its settings:
//
//	func New(conf *config.Config) (*Site, error)
//
// # Commands
//
//	serve              front, workers and their supervisor, from one command
//	run                everything in this one process, on net/http
//	front, gateway     the two halves of serve, started apart
//	gateway --http     serve behind nginx, Caddy or HAProxy, which speak HTTP/1.1 to it
//	status             the processes of the running app (--json, --watch, --streams)
//	reload             new workers from the new binary; no request is lost
//	upgrade            a reload that replaces the front, too
//	rollback           back to the build before the last reload
//	scale N            N workers, until the next reload
//	worker dump|restart|curl ID
//	                   looks into one worker, replaces it, asks it
//	maintenance on|off closes the site with a page that says so, and opens it
//	logs reopen        opens the log files anew, for logrotate
//	drain              /readyz says 503, then, after a delay, stop
//	stop               ends the running app and waits for its end (--quick)
//	migrate up|after|status
//	                   the app's database
//	routes, check      what the app serves, and whether it is sound
//	config print       every setting and where it comes from (--json)
//	secret             makes the app's secret
//	version            of the app, of Dram, of Go
//
// and the app's own. The exit codes are 0 ok, 1 wrong usage or configuration
// or a failed start, 2 not running, 3 refused or rolled back (what served
// before still serves), 4 no answer in time, 5 another reload is running.
//
// # What an app may offer
//
// Beside ServeHTTP, an app may have any of these methods. They use nothing but
// standard types, so an app on chi or Gin has them for a few lines.
//
//	Start(context.Context) error    opens what serving needs: workers, run, own commands
//	Close(context.Context) error    closes it again, after the last request
//	Assets() fs.FS                  static files, which the front serves
//	Migrate(context.Context) error  brings the database up to date: migrate up, serve, reload
//	MigrateAfter(context.Context) error
//	                                takes away what older builds used: once none of them runs
//	MigrationStatus(context.Context) ([][]string, error)
//	                                rows of version, state and file: migrate status
//	Check(context.Context) error    what only the app can check: check; serve and reload, before they migrate
//	Metrics(io.Writer) error        figures of its own, in the text format of Prometheus
//	Routes() [][]string             rows of method, pattern, name, handler and source: routes
//	Templates() [][]string          rows of page, engine and what keeps it from being compiled: templates
//	Commands() map[string]func(context.Context, []string) error
//	                                own commands; the key is the name, a space, a line of help
//	CommandNeeds(string) ([]any, bool)
//	                                what an own command needs started instead of the whole app:
//	                                values with Start and Close, in this order
//
// # A running tree
//
//	master                supervises; parses no HTTP, never calls New
//	 ├─ front             accepts clients, serves assets, picks a worker
//	 ├─ worker 1 … N      the app
//	 └─ worker N+1 … 2N   the next generation, during a reload
//
// The master opens whatever is shared and hands it on: the listener, and the
// links that join the front with each worker. Its one goroutine owns a plain
// state; state.decide, a pure function of that state and the time, says what
// to do, and effects.go does it. Children keep to their control connection:
// they ignore the terminal's signals. When the master dies, the front gives up
// the address, so that the next master's can have it, answers whoever is
// connected once more, with a goodbye, and ends, and the workers with it; an
// idle client may keep it for server.keep_alive. A lifeline, which every process
// of the tree watches from its first line, ends those that hang, 5 s after the
// time they have for requests; one that does not serve yet, or migrates, has
// these 5 s alone.
//
// A worker that dies is replaced after a pause that grows from 0.1 s to 30 s
// while deaths follow each other, and to 5 s while no other worker is ready.
// When every worker has died five times in a row, one alone is tried each 30 s.
// A front is replaced at once, after several deaths in a row within 1 s. After
// the first start has succeeded, no death of a child ends the master.
//
// Workers beat each second. One that is silent for workers.heartbeat_timeout is
// asked for a page; if it answers neither, it hangs: what its goroutines are at
// is written to .dram/run/dump-….txt, and it is killed. A request that has no
// response within workers.request_timeout is another matter: it gets 504, its
// context ends, the log names it, a dump shows where it is, and the worker
// serves on. workers.max_requests, max_age, max_rss and max_stuck replace
// workers by fresh ones, one at a time.
//
// A front or a worker that answers thousands of requests a second goes by the
// kernel's policy SCHED_BATCH until there are fewer again: then processes do not
// put each other aside for each single request, which saves a quarter of the
// work (see package tempo). chrt -a -p PID shows it. Started under another policy
// than the usual one, as by CPUSchedulingPolicy= of systemd, they keep that. Where
// sched_setscheduler is forbidden by an error, they do without; a SystemCallFilter=
// of systemd that does not allow it needs SystemCallErrorNumber=EPERM, or it kills.
//
// # Several apps behind one front
//
// A section [mounts.NAME] of dram.toml gives a host or a path to somebody
// else; package config lists its keys (Mount), package front has the rules:
//
//	[mounts.shop]              # another Dram app, started as `shop gateway`
//	host = "shop.example.org"
//	app  = "/srv/shop/.dram/run"
//
//	[mounts.wiki]              # two servers of another make
//	path      = "/wiki"
//	upstreams = ["http://10.0.0.2:8001", "http://10.0.0.3:8001"]
//	health    = { path = "/healthz", interval = "5s" }
//	max_body  = "100MiB"
//
// The front must be allowed to connect to the control socket of the other app:
// both run as one user, or server.run_dir of the other lies where this one may
// go. A reload of either loses nothing. `status` says how each upstream is,
// `check` remarks upon those that do not answer; a reload takes over other mounts,
// and leaves upstreams alone that stay as they were.
//
// # Reload
//
// reload, and the signal HUP, copy the settings and the binary from the path
// the app was started by, let it check the settings and itself, publish its
// static files and migrate. What replaces a process later runs these copies: an
// edit of dram.toml has no effect before the next reload. Then one new worker
// starts, the canary. Every front asks it for reload.probe, and only a good
// answer (below 500) lets it serve; now an old worker gets no new requests, and
// ends after every front has said that it will send nothing more there and
// waits for nothing. The others follow one by one. When all serve, they are
// watched for reload.soak: a death, where there were none before, or a larger
// part of failed requests takes the generation back, as does any failure
// before. Then the old workers return from the kept copy, and the exit code is
// 3; status keeps the reason. After the soak the generation is committed, and
// the migrations run that had to wait for the end of the old workers.
//
// Checking the settings and publishing may each take workers.boot_timeout, a
// migration any time; until the first new worker starts, the reload is called
// off when its command is interrupted.
//
// # Signals
//
// HUP reloads, USR2 upgrades. TTIN and TTOU start and end one worker, WINCH
// ends all of them, unless it comes from a terminal. TERM and INT let requests
// in flight finish, for at most workers.graceful_timeout, after
// server.drain_delay; a second one, and QUIT, do not. USR1 opens the log
// files anew.
//
// # Figures
//
// metrics.listen is an address where Prometheus finds the figures of the whole
// tree at /metrics; metrics.path puts them on the site's own addresses, for the
// clients that metrics.allow names. Counters are sums over all processes and over
// those that have ended: none falls while the master lives, whatever is reloaded,
// upgraded or killed. What a process has counted since it
// was last asked is lost when it is killed: of a front 2 s at most. Gauges have the label process.
//
// An app's own figures come with them, without a library in the way:
//
//	func (s *Site) Metrics(w io.Writer) error {
//		families, err := prometheus.DefaultGatherer.Gather()
//		for _, f := range families {
//			expfmt.MetricFamilyToText(w, f)
//		}
//		return err
//	}
//
// A histogram whose buckets change should change its name, too: those of an older
// build count on.
//
// # Maintenance and error pages
//
// maintenance on makes every front answer 503 with Retry-After, but for static
// files, /livez and /readyz and for clients that --allow names; it ends when all
// of them do so. What runs goes on. The site stays closed over reloads, deaths of
// a front and restarts, until maintenance off.
//
// What a front answers by itself (maintenance, 413, 429, 502 to 504 and others)
// has a page for browsers, problem+json (RFC 9457) or text for programs, in
// English or Korean, and always the id that is in the log. An app brings pages
// of its own as static files: errors/503.html, errors/4xx.html, errors/5xx.html,
// errors/maintenance.html, and with a language errors/503.ko.html. In them
// {{id}}, {{status}}, {{title}} and {{text}} are replaced. They may load what the
// app serves itself, but the front can give only static files by then. check
// remarks upon files there that will not be such a page: errors/50x.html,
// errors/503.jp.html.
//
// Reasons at /readyz are for those whom metrics.allow names; others read "not
// ready". /livez says 200 as long as the front's process answers, /readyz while a worker
// is ready and no stop is near, be the site closed or not: a load balancer that
// turned away would show a page of its own instead of the site's.
//
// # https
//
// With tls.listen, [[tls.certificates]] (pairs of PEM files, cert and key) and
// a server.listen in clear, serve and front speak https: TLS 1.2 and 1.3,
// HTTP/2 to clients that know it, HTTP/1.1 to the others, which is what
// browsers take for a WebSocket. A client gets the certificate that has the
// name it asks for, or a wildcard for it, and the first one otherwise. Requests
// in clear are redirected (308), but /livez and /readyz, unless tls.redirect is
// false; tls.hsts makes browsers insist on https, and is off until it is set.
//
// The master reads certificates and keys, and opens every address; the front
// gets the contents, so neither needs to be readable by server.user. All that
// is wrong with them (a missing file, a key of another certificate, a port in
// use) is said at once, each with key, line and remedy: serve does not start,
// a reload changes nothing. A certificate that has expired, or has less than 14
// days and a third of its life left, is a warning, in check and status, too; the
// figure dram_certificate_expiry_timestamp_seconds and status --json say when
// each expires.
//
// The files are looked at every tls.watch, a minute by default. A pair that was
// renewed there, by certbot for example, is in use soon after, without a reload:
// no process changes, no connection ends, and other settings that are new in the
// file stay unread. One that cannot be used (half written, expired, with the key
// of another) is told to the log, once, when it is still so at the next look;
// the certificate before it stays. So a renewal needs no hook. With tls.watch =
// "0s" it does:
//
//	certbot renew --deploy-hook "systemctl reload qna"
//
// or the path of the binary and reload, in the directory of the app.
//
// reload, or HUP, takes renewed certificates at once, addresses that are new, and
// all other settings of the front, without closing a connection. Who is
// connected to an address that was removed is served on there; who has come and
// waits to be accepted is. Session tickets are good for 12 to 36 hours, whichever
// front gave them out, also across a renewal, a reload, an upgrade and a crash. A
// front that runs apart reads its own file again at HUP, and watches likewise.
//
// An idle connection costs the front about 8 KiB in clear, and between 22 and 25
// KiB with TLS, by either version of HTTP.
//
// # Service managers
//
// serve tells systemd when it is ready, reloads, stops and how it is (NOTIFY_SOCKET,
// Type=notify), feeds its watchdog as long as a worker beats, and takes over the
// sockets of a socket unit (LISTEN_FDS): in their order those of server.listen,
// then of tls.listen; addresses without one are opened. A unit of systemd, in
// which the status of `systemctl reload` is that of the reload:
//
//	[Service]
//	Type=notify
//	WorkingDirectory=/srv/qna
//	ExecStart=/srv/qna/qna serve
//	ExecReload=/srv/qna/qna reload
//	KillMode=mixed
//	TimeoutStopSec=45
//	WatchdogSec=30
//	Restart=always
//	LimitNOFILE=65536
//	RuntimeDirectory=qna
//	StateDirectory=qna
//	Environment=DRAM_SERVER_RUN_DIR=/run/qna DRAM_SERVER_STATE_DIR=/var/lib/qna
//
// That runs everything as root, unless server.user names somebody (see Rights).
// With User=qna and AmbientCapabilities=CAP_NET_BIND_SERVICE instead, nothing is
// root's; that user must then be able to read the keys of certificates.
//
// A front that has not acknowledged what the master told it for 20 s, 10 s if it
// runs apart, hangs: it is replaced, or cut off, and the log says so.
//
// # Containers
//
// serve may be PID 1: it takes TERM and reaps whatever is left to it. Settings
// come in variables (PORT, which listens on all interfaces, DATABASE_URL and the
// other DRAM_ ones), secrets in files (SECRET_KEY_FILE); logs go to standard
// error. The memory that the control group allows is divided among the workers,
// their number is workers.count. Liveness is /livez, readiness /readyz; a preStop
// hook calls drain, so that the balancer turns away before anything ends, or
// server.drain_delay does so upon TERM. A new image is a new container, so reload
// and rollback are the orchestrator's there; only one container at a time may use
// one SQLite file, and it must lie on a volume, as .dram/secret does if the secret
// comes from there.
//
// # Rights
//
// Started by root with server.user set, serve and gateway keep root's rights in
// the master alone, which runs no line of the app beyond its package
// initialisation: it opens the port, reads the settings and the secret, and
// starts everything else, checks and migrations included, as that user. These
// processes read their copies of settings and binary, and can change neither;
// they own the published static files, and their dumps and last words in the
// run directory. What the app itself writes, such as data/, must belong to the
// user, who must be able to pass through the directories above. A change of
// server.user takes a stop and a start.
//
// # Clients
//
// The front bounds what clients can cost and keeps what handlers made public;
// [server], [limits] and [cache] in dram.toml say how much. A reload changes them
// on open connections too, in every front at once; each front counts and keeps
// for itself.
//
// # Files
//
// Everything lies below .dram beside dram.toml, or in the directories that
// server.run_dir and server.state_dir name: run/control.sock is how
// commands reach the master, run/hub.sock how package pubsub joins the workers,
// run/crash-PID.txt keeps the last words of processes that crashed and
// run/dump-PID-TIME.txt what the goroutines of a worker were at. state/bin has
// the binaries of the last two generations, state/config their settings,
// state/generations.json which these are, so that rollback works after a
// restart too, and state/assets the published static files. master.lock and migrate.lock are
// locked while a master runs and while a process migrates. A removed run
// directory or lock is made anew; a reload that finds dram.toml gone is refused.
//
// # Logs
//
// Processes that serve write their logs to standard error in the background.
// When nobody reads it, they go on, drop what does not fit into 1 MiB, and say
// later how many lines that were.
//
// The front writes a line for each request, in the form that log.access names:
// text, json or combined, the form of Apache and nginx with more fields behind
// it. Fields that have nothing to say are left out, and text has neither host
// and user nor referer and agent:
//
//	method, path     as the client sent them; the query only with log.access_query
//	status, bytes    of the response and its body; 499 where the client left before it began
//	ms               from the head of the request to the last byte of the response
//	client, user     its address, by trusted proxies, too, and the name of basic auth
//	host, proto, tls as asked for; tls is the version
//	mount, upstream  who answered, if it is not this app
//	worker           which worker answered; none did where it is missing
//	tries            how often somebody was asked
//	upstream_ms      how long they took until one answered
//	cache            hit, stored, collapsed, or why a public response was not kept
//	id               X-Request-Id, which is in the app's log and on error pages
//	reason           why the response is the front's own, or incomplete
//	referer, agent   what the client says of itself
//
// With log.access_file the lines go to a file, which the master opens and hands to
// the front. logrotate renames it and calls logs reopen, which ends when the old
// file is no longer written to; no line is lost. A disk that is full or slow
// costs lines, never a request, and the log says how many.
package runner
