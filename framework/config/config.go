package config

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// Env says what a process is for. Code should ask it rarely: a difference
// between environments is a bug that only production shows.
type Env string

// The environments. Development re-reads templates and static files from the
// disk and explains errors in the browser; Test is what webtest uses.
const (
	Production  Env = "production"
	Development Env = "development"
	Test        Env = "test"
)

// Config is everything that can be set from outside an app: one struct for
// the framework, the runner and the app's own settings. [Load] fills it from
// defaults, dram.toml, the environment and flags, in this order of force.
//
// The key tag is the name in dram.toml; the environment variable is
// DRAM_<SECTION>_<KEY> in capitals (DRAM_SERVER_LISTEN).
type Config struct {
	// Name of the app: cookies and process titles carry it, so it has only
	// letters, digits, - and _. By default the base name of Root.
	Name string `key:"name" help:"name of the app, in cookies and process titles"`
	Env  Env    `key:"env" help:"production, development or test"`
	// Secret is what all keys (sessions, signed links) are derived from, at
	// least 32 bytes of text. Also SECRET_KEY, SECRET_KEY_FILE or the file
	// .dram/secret. Empty: nothing can be sealed, which production refuses.
	Secret string `key:"secret" help:"root of all keys, at least 32 characters" secret:"true"`
	// PreviousSecrets still open what was sealed under them, and seal nothing.
	// To rotate the secret put the old one here, set a new one, reload, and
	// remove the old one after session.max_age. In a variable or file they are
	// separated by commas.
	PreviousSecrets []string `key:"previous_secrets" help:"older secrets that still open what they sealed" secret:"true"`

	Server   Server   `key:"server"`
	Limits   Limits   `key:"limits"`
	Cache    Cache    `key:"cache"`
	TLS      TLS      `key:"tls"`
	Workers  Workers  `key:"workers"`
	Reload   Reload   `key:"reload"`
	Database Database `key:"database"`
	Session  Session  `key:"session"`
	Mail     Mail     `key:"mail"`
	Locale   Locale   `key:"locale"`
	Pages    Pages    `key:"pages"`
	Static   Static   `key:"static"`
	Log      Log      `key:"log"`
	Metrics  Metrics  `key:"metrics"`
	// Mounts are the [mounts.NAME] sections, by name.
	Mounts map[string]Mount `key:"mounts"`

	// Root is the absolute directory that relative paths count from: the
	// directory of dram.toml, or the working directory where there is none.
	Root string
	// Now is the clock of the app, never nil. Tests replace it.
	Now func() time.Time

	// What follows is shared by copies of a Config and therefore never changed
	// in place: With and Decode put changed copies here.
	file    *file              // where [app] is read from, nil without a file
	vars    environment        // DRAM_APP_… variables
	flags   map[string]string  // settings of the app from flags and With
	origins map[string]origin  // of Dram's own keys that are not default
	decoded map[string]Setting // of the app's keys, once Decode knows them
	zone    *time.Location     // Locale.Zone as it was last loaded
}

// Server is the [server] section: how the front listens.
type Server struct {
	// Listen is HOST:PORT, or several separated by commas; port 0 takes a free
	// one, an empty host means all interfaces. run takes the first alone. The
	// variable PORT means all interfaces in production and
	// sets the port alone elsewhere.
	Listen string `key:"listen" help:"HOST:PORT to listen on, several separated by commas, port 0 for a free one"`
	// PublicURL is the scheme and the host under which clients reach the app,
	// https://qna.example: what stands before a path where a path alone is no
	// link, as in a mail. Development and tests take it from the request;
	// production does not, because whoever sends a request chooses its Host,
	// and with it where a mailed link would lead.
	PublicURL string `key:"public_url" help:"https://HOST of the app, for links in mails and feeds"`
	// Hosts are the names that clients may ask for, such as qna.example or
	// *.qna.example; others are answered 421. Ports do not matter. Empty allows
	// any: then whoever sends a request chooses what the app takes for its name.
	Hosts []string `key:"hosts" help:"names of this site, like qna.example or *.qna.example; empty allows any"`
	// MaxBody bounds a request body, in bytes; beyond it is 413.
	MaxBody Size `key:"max_body" help:"largest request body"`
	// MaxURI bounds the line of method, path and query (414), MaxHeader the
	// fields of a request together, MaxFields their number (431).
	MaxURI    Size `key:"max_uri" help:"longest request line"`
	MaxHeader Size `key:"max_header" help:"largest request header"`
	MaxFields int  `key:"max_fields" help:"most fields of a request header"`
	// HeaderTimeout bounds the time a client may take for its request head.
	HeaderTimeout time.Duration `key:"header_timeout" help:"time a client may take to send a request head"`
	// BodyTimeout is the longest pause of a client within a body that it sends,
	// WriteTimeout within a response that it reads.
	BodyTimeout  time.Duration `key:"body_timeout" help:"longest pause of a client within a request body"`
	WriteTimeout time.Duration `key:"write_timeout" help:"longest time a client may take nothing of a response"`
	// MinRate is how many bytes a second a client must send of a body and take
	// of a response, on the average of the time that it makes the front wait, of
	// which the first 10 s are free.
	MinRate Size `key:"min_rate" help:"bytes a second that a client must send or take at least"`
	// KeepAlive is how long an idle client connection stays open.
	KeepAlive time.Duration `key:"keep_alive" help:"how long an idle client connection stays open"`
	// TrustedProxies are the addresses, or ranges as 10.0.0.0/8, of proxies
	// whose X-Forwarded-For, -Proto and -Host say who the client is, and whose
	// X-Forwarded-Prefix what they took off the path, so that links are right.
	// They must set these fields or drop them, not pass on those of a client.
	// From everybody else they are dropped.
	TrustedProxies []string `key:"trusted_proxies" help:"addresses of proxies that say who the client is, like 10.0.0.0/8"`
	// IdempotencyKeys says that the app knows the field Idempotency-Key: a
	// request that has it may be sent to another worker when its own dies.
	IdempotencyKeys bool `key:"idempotency_keys" help:"whether the app knows Idempotency-Key, so that such requests may be repeated"`
	// DrainDelay is how long the app goes on serving after it was told to
	// stop, while /readyz says 503 already: what a load balancer needs to
	// notice. 0 stops at once.
	DrainDelay time.Duration `key:"drain_delay" help:"time between /readyz saying 503 and the stop"`
	// User and Group are who front, workers and everything else of the app run
	// as when serve or gateway is started by root, which opens the ports and
	// keeps its rights for that. Names or numbers; without Group it is every
	// group of the user. Empty changes nothing.
	User  string `key:"user" help:"user that the app's processes run as, when root starts it"`
	Group string `key:"group" help:"their group, by default those of the user"`
	// RunDir and StateDir are where a running app keeps its sockets, and what
	// must survive it, instead of .dram/run and .dram/state: /run/qna and
	// /var/lib/qna where the app's directory is read-only. Programs must be
	// allowed to run in StateDir (no noexec).
	RunDir   string `key:"run_dir" help:"directory of the control socket, .dram/run if empty"`
	StateDir string `key:"state_dir" help:"directory of kept binaries and assets, .dram/state if empty"`
}

// Addresses returns the addresses of Listen.
func (s *Server) Addresses() []string { return addresses(s.Listen) }

// Proxies returns TrustedProxies as ranges; what is no range is left out.
func (s *Server) Proxies() []netip.Prefix {
	return ranges(s.TrustedProxies)
}

// ranges reads a list of addresses and ranges; what is none is left out.
func ranges(list []string) (all []netip.Prefix) {
	for _, text := range list {
		if p, ok := parseRange(text); ok {
			all = append(all, p)
		}
	}
	return all
}

// parseRange reads an address or a range of them.
func parseRange(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}

// Workers is the [workers] section: the processes that run the app.
type Workers struct {
	// Count is the number of worker processes.
	Count int `key:"count" help:"number of worker processes"`
	// BootTimeout is how long a worker may take until it says it is ready.
	BootTimeout time.Duration `key:"boot_timeout" help:"time a worker may take to become ready"`
	// GracefulTimeout bounds how long requests in flight may go on when their
	// worker or the front is asked to stop.
	GracefulTimeout time.Duration `key:"graceful_timeout" help:"time requests in flight may take when stopping"`
	// RequestTimeout is how long a worker may take to begin its response.
	RequestTimeout time.Duration `key:"request_timeout" help:"time a worker may take to begin a response"`
	// HeartbeatTimeout is how long a worker may be silent before it is
	// suspected to hang; it beats every second. It is killed only if it
	// answers no probe either.
	HeartbeatTimeout time.Duration `key:"heartbeat_timeout" help:"silence after which a worker is suspected to hang"`
	// MaxRequests, MaxAge and MaxRSS replace a worker that has answered as
	// many requests, served as long (both ± 10 %, so that not all go together)
	// or uses more memory, by a fresh one that is ready first. 0: never.
	MaxRequests int           `key:"max_requests" help:"requests after which a worker is replaced, 0 for never"`
	MaxAge      time.Duration `key:"max_age" help:"time after which a worker is replaced, 0s for never"`
	MaxRSS      Size          `key:"max_rss" help:"memory above which a worker is replaced, 0 for never"`
	// MaxStuck replaces a worker in which this many requests run on although
	// their context ended long ago.
	MaxStuck int `key:"max_stuck" help:"requests that ignore their end before a worker is replaced"`
	// Procs is GOMAXPROCS of each worker, and Memory its GOMEMLIMIT. 0 divides
	// what the machine or the container has among the workers.
	Procs  int  `key:"procs" help:"processors each worker may use (GOMAXPROCS), 0 for a fair part"`
	Memory Size `key:"memory" help:"memory each worker tries to stay below (GOMEMLIMIT), 0 for a fair part"`
}

// Reload is the [reload] section: how a new generation proves itself.
type Reload struct {
	// Probe is the path that each new worker is asked for, through the front,
	// before it serves; any answer below 500 will do. Empty asks for nothing.
	Probe string `key:"probe" help:"path that new workers are asked for before they serve, empty for none"`
	// Soak is how long all new workers serve before the reload is committed.
	// Crashes and a surge of answers 500 and above roll it back.
	Soak time.Duration `key:"soak" help:"time that new workers must serve well before a reload is final"`
}

// Database is the [database] section.
type Database struct {
	// URL is "sqlite:PATH" (relative to Root) or "postgres://…". Also
	// DATABASE_URL and DATABASE_URL_FILE.
	URL string `key:"url" help:"sqlite:PATH or postgres://USER@HOST/NAME" secret:"url"`
	// Readers is the number of read connections each process may open.
	Readers int `key:"readers" help:"read connections of each process"`
	// BusyTimeout is how long SQLite waits for another process's write.
	BusyTimeout time.Duration `key:"busy_timeout" help:"how long to wait for another process's write"`
}

// Session is the [session] section.
type Session struct {
	// MaxAge ends a session this long after it began.
	MaxAge time.Duration `key:"max_age" help:"end of a session after its begin"`
	// Idle ends a session this long after its last use.
	Idle time.Duration `key:"idle" help:"end of a session after its last use"`
}

// Mail is the [mail] section: how the app sends mail.
type Mail struct {
	// URL is "smtp://USER:PASSWORD@HOST:PORT" (587 if left out, upgraded to TLS
	// by STARTTLS unless ?tls=off or the host is this machine), "smtps://…"
	// (465, TLS from the first byte) or "file:DIR", which writes mails to files.
	// Empty means file:.dram/mail in development; production has no default.
	URL string `key:"url" help:"smtp://USER:PASSWORD@HOST:PORT, smtps://… or file:DIR" secret:"url"`
	// From is the sender of mails that name none: "Board <board@example.org>".
	From string `key:"from" help:"sender of mails that name none, like Board <board@example.org>"`
	// Timeout bounds the sending of one mail.
	Timeout time.Duration `key:"timeout" help:"time that sending one mail may take"`
}

// Locale is the [locale] section.
type Locale struct {
	// Default is used when the client asks for no locale that the app has.
	Default string `key:"default" help:"locale used when the client asks for none we have"`
	// Zone is the IANA name of the time zone that dates are shown in.
	Zone string `key:"zone" help:"time zone that dates are shown in"`
}

// Log is the section for logs, which go to standard error.
type Log struct {
	Level  string `key:"level" help:"debug, info, warn or error"`
	Format string `key:"format" help:"text or json"`
	// Access is the form of the front's line for each request: "text", "json",
	// "combined" (that of Apache and nginx) or "off". Empty: as Format, and no
	// lines where Level is above info.
	Access string `key:"access" help:"line for each request: text, json, combined or off; empty for that of format"`
	// AccessFile takes these lines instead of standard error. The signal USR1
	// and the command logs reopen it, for logrotate.
	AccessFile string `key:"access_file" help:"file for the lines of requests, standard error if empty"`
	// AccessQuery keeps what addresses have behind "?" in these lines. It may
	// be what belongs in no log, a token for example.
	AccessQuery bool `key:"access_query" help:"whether lines of requests keep the query of an address"`
}

// Metrics is the [metrics] section: the figures of the whole tree in the text
// format of Prometheus. Without Listen and Path nobody gets them.
type Metrics struct {
	// Listen is an address of its own, where /metrics, /livez and /readyz are.
	Listen string `key:"listen" help:"HOST:PORT where /metrics, /livez and /readyz are, nowhere if empty"`
	// Path is where the figures are on the addresses of the site. For whom Allow
	// does not name, the app answers there.
	Path string `key:"path" help:"path of the figures on the site's own addresses, none if empty"`
	// Allow are the addresses, or ranges of them, that get figures, and reasons
	// at /readyz.
	Allow []string `key:"allow" help:"addresses that get figures, and reasons at /readyz"`
}

// Allowed returns Allow as ranges; what is no range is left out.
func (m *Metrics) Allowed() []netip.Prefix { return ranges(m.Allow) }

// Pages is the [pages] section.
type Pages struct {
	// Compile renders pages by compiled templates. Without it html/template's
	// own executor does, which writes the same bytes in more time.
	Compile bool `key:"compile" help:"render pages by compiled templates"`
}

// Default returns the configuration of an app in root for which nothing was
// set: production, loopback port 8000, SQLite in data/app.db, two workers.
func Default(root string) *Config {
	return &Config{
		Name: nameOf(root),
		Env:  Production,
		Server: Server{
			Listen:        "127.0.0.1:8000",
			MaxBody:       10 << 20,
			MaxURI:        8 << 10,
			MaxHeader:     16 << 10,
			MaxFields:     100,
			HeaderTimeout: 10 * time.Second,
			BodyTimeout:   30 * time.Second,
			WriteTimeout:  60 * time.Second,
			MinRate:       240,
			KeepAlive:     75 * time.Second,
		},
		Limits: defaultLimits(),
		Cache:  defaultCache(),
		TLS:    TLS{Watch: time.Minute, MinVersion: "1.2", HTTP2: true, Redirect: true},
		Workers: Workers{
			Count:            2,
			BootTimeout:      30 * time.Second,
			GracefulTimeout:  30 * time.Second,
			RequestTimeout:   60 * time.Second,
			HeartbeatTimeout: 10 * time.Second,
			MaxStuck:         16,
		},
		Reload: Reload{Probe: "/", Soak: 10 * time.Second},
		Database: Database{
			URL:         "sqlite:data/app.db",
			Readers:     4,
			BusyTimeout: 5 * time.Second,
		},
		Session: Session{MaxAge: 30 * 24 * time.Hour, Idle: 14 * 24 * time.Hour},
		Mail:    Mail{Timeout: 30 * time.Second},
		Locale:  Locale{Default: "en", Zone: "UTC"},
		Pages:   Pages{Compile: true},
		Static:  Static{Memory: 64 << 20},
		Log:     Log{Level: "info", Format: "text"},
		Metrics: Metrics{Allow: []string{"127.0.0.0/8", "::1"}},
		Root:    root,
		Now:     time.Now,
	}
}

// nameOf makes the name of an app of its directory: "My Board" is My-Board.
func nameOf(root string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if isNameRune(r) {
			return r
		}
		return '-'
	}, filepath.Base(root)), "-")
	if len(name) > maxName {
		name = name[:maxName]
	}
	if name == "" {
		return "app"
	}
	return name
}

// Location returns the time zone that dates are shown in, UTC if Locale.Zone
// was set to an unknown one by the program.
func (c *Config) Location() *time.Location {
	if c.zone != nil && c.zone.String() == c.Locale.Zone {
		return c.zone
	}
	zone, err := time.LoadLocation(c.Locale.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Path returns elem joined below Root; an absolute first element stays as it is.
func (c *Config) Path(elem ...string) string {
	joined := filepath.Join(elem...)
	if filepath.IsAbs(joined) {
		return joined
	}
	return filepath.Join(c.Root, joined)
}

// StateDir is where a runner keeps what must survive it: binaries of
// generations and published assets. By default it lies in the private
// directory .dram.
func (c *Config) StateDir() string {
	return c.Path(cmp.Or(c.Server.StateDir, filepath.Join(".dram", "state")))
}

// RunDir is where a running tree keeps its control socket.
func (c *Config) RunDir() string {
	return c.Path(cmp.Or(c.Server.RunDir, filepath.Join(".dram", "run")))
}

// LockDir is where the locks are that say that a tree runs, or a migration:
// beside what they guard, in .dram or in the StateDir that was set.
func (c *Config) LockDir() string { return c.Path(cmp.Or(c.Server.StateDir, ".dram")) }
