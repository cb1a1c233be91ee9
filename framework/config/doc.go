// Package config is the one strict loader of an app's settings: the framework,
// the runner and the app itself read the same [Config].
//
// # Where settings come from
//
// Four layers, each over the one before:
//
//  1. the defaults: everything works with no file at all ([Default]);
//  2. dram.toml in the directory of the app, or the file that --config or the
//     variable DRAM_CONFIG names;
//  3. the environment: DRAM_<SECTION>_<KEY>, so DRAM_SERVER_LISTEN for listen
//     in [server], and DRAM_NAME, DRAM_ENV, DRAM_SECRET for keys outside a
//     section. An empty variable counts as not set;
//  4. flags.
//
// A file with some of everything:
//
//	name = "qna"
//	env  = "production"        # or development, test
//
//	[server]
//	listen   = "127.0.0.1:8000"
//	max_body = "10MiB"         # sizes: 512, "64KiB", "10MiB", "1GiB"
//	hosts    = ["qna.example"] # others are answered 421; empty allows any
//
//	[limits]                   # of each address; [server] has those of each request
//	connections   = 1000
//	request_rate  = 1000       # a second, on the average; 0 for no limit
//	request_burst = 5000
//	exempt        = ["127.0.0.0/8", "::1"]
//
//	[cache]
//	size    = "64MiB"          # memory for responses that handlers made public
//	cookies = ["session"]      # whose requests never see them, beside the app's own
//
//	[tls]                      # https, for serve and front
//	listen = ":443"            # several: ":443, [2001:db8::1]:8443"
//	hsts   = "30d"
//	[[tls.certificates]]
//	cert = "/etc/letsencrypt/live/example.org/fullchain.pem"
//	key  = "/etc/letsencrypt/live/example.org/privkey.pem"
//
//	[log]
//	access      = "combined"   # text, json, combined or off; empty: as log.format
//	access_file = "access.log" # reopened by USR1 and the command logs reopen
//
//	[metrics]
//	listen = "127.0.0.1:9100"  # figures for Prometheus, at /metrics
//
//	[workers]
//	count            = 4
//	graceful_timeout = "30s"   # durations: "30s", "5m", "12h", "30d"
//
//	[database]
//	url = "sqlite:data/app.db"
//
//	[mail]
//	url  = "smtps://postmaster:secret@mail.example.org"
//	from = "Board <board@example.org>"
//
//	[locale]
//	default = "ko"
//	zone    = "Asia/Seoul"
//
//	[mounts.flask]             # a name of your own; see Mount
//	path      = "/flask"
//	upstreams = ["http://127.0.0.1:8001"]
//
//	[static.directories.media] # files beside the app's own; see Directory
//	prefix = "/media/"
//	path   = "data/media"
//
//	[app]                      # the app's own, see Decode
//	page_size = 20
//
// The fields of [Config] list every key; `config print` shows them with their
// values, origins and explanations ([Config.Settings]). Relative paths count
// from the directory of the file ([Config.Path]).
//
// # Names every host knows
//
// PORT, DATABASE_URL and SECRET_KEY work as on every hosting service. PORT
// means "listen on all interfaces" in production and changes only the port
// elsewhere, so that a development server stays on the loopback.
//
// Secrets may lie in files, as Docker, Kubernetes and systemd hand them out:
// DRAM_SECRET_FILE, SECRET_KEY_FILE, DRAM_DATABASE_URL_FILE, DATABASE_URL_FILE
// and DRAM_MAIL_URL_FILE name one. Without any of these the secret is read from
// .dram/secret below the root, which [GenerateSecret] writes and which nobody
// but its owner may be able to read.
//
// A secret is rotated in two steps, without signing anybody out: set a new one
// and put the old one into previous_secrets, which opens what it sealed; remove
// it there when session.max_age has passed.
//
// Two names for one setting with different values are an error: whichever
// were taken, somebody would wonder.
//
// # Strict
//
// An unknown key, section or DRAM_ variable is an error and so is a value that
// does not fit, because a misspelt timeout that is silently ignored is found
// on the day it is needed. [Load] reports everything at once, in the order of
// the file, as [*Faults]:
//
//	dram.toml:6: unknown key server.lisen, did you mean server.listen?
//	dram.toml:10: workers.graceful_timeout: expected a duration like "30s", "5m", "12h" or "30d", found 30
//	DRAM_SERVR_LISTEN: unknown variable DRAM_SERVR_LISTEN, did you mean DRAM_SERVER_LISTEN?
//
// Messages and [Config.Settings] never contain a secret.
//
// # Settings of the app
//
// The section [app] belongs to the app. [Config.Decode] fills a struct of the
// app with it, as strictly, with DRAM_APP_<KEY> over the file.
//
// # Copies
//
// A Config may be copied by value and changed, field by field or by
// [Config.With]: copies do not see each other's changes. Tests use that to run
// in parallel.
package config
