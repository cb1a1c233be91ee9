package control

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// The range of protocol versions this build speaks.
const (
	MinVersion = 1
	MaxVersion = 1
)

// Lease is how long a front may use a table without hearing from the master
// (any message renews it), and how long the master waits for a front's ACK.
const Lease = 10 * time.Second

// Beat is how often the master says something to each front.
const Beat = 2 * time.Second

// WorkerBeat is how often a worker says how it is.
const WorkerBeat = time.Second

// Kind names what a message is about.
type Kind string

// The kinds; the comment says who sends it and which body it has.
const (
	KindHello    Kind = "hello"    // everybody: Hello
	KindReady    Kind = "ready"    // worker, front: none; it serves
	KindFailed   Kind = "failed"   // worker, front: Failed; it ends, this is why
	KindLink     Kind = "link"     // master to worker: Link + 1 file
	KindListen   Kind = "listen"   // master to front: Listen + 1 file an address
	KindTable    Kind = "table"    // master to front: Table + 1 file a new link
	KindTickets  Kind = "tickets"  // master to front: Tickets
	KindSettings Kind = "settings" // master to front: Settings + the files of its Listen
	KindSettled  Kind = "settled"  // front: Settled
	KindMetrics  Kind = "metrics"  // master to front: none + 1 listener for figures, none if there is no such address
	KindScrape   Kind = "scrape"   // front: Scrape; somebody asks for the figures of all
	KindScraped  Kind = "scraped"  // master to front: Scrape + 1 file, their text
	KindFigures  Kind = "figures"  // master to front, worker: Figures without text. Front, worker: Figures
	KindAccess   Kind = "access"   // master to front: Access + 1 file, none for standard error
	KindAccessed Kind = "accessed" // front: Accessed
	KindMounted  Kind = "mounted"  // front: Mounted
	KindAck      Kind = "ack"      // front: Ack
	KindIdle     Kind = "idle"     // front: Idle
	KindBeat     Kind = "beat"     // master to front: Renewal or none; renews the lease. Worker to master: Pulse
	KindChanged  Kind = "changed"  // front to master, and from there to the other fronts: Changed
	KindProbe    Kind = "probe"    // master to worker without fronts: Probe
	KindProbed   Kind = "probed"   // front, worker: Probed
	KindDrain    Kind = "drain"    // master to worker: none; no new requests come, streams should end
	KindDump     Kind = "dump"     // master to worker: Dump
	KindDumped   Kind = "dumped"   // worker: Dumped
	KindStop     Kind = "stop"     // master to worker, front: Stop
	KindRequest  Kind = "request"  // CLI: Request
	KindProgress Kind = "progress" // master to CLI: Progress
	KindResult   Kind = "result"   // master to CLI: Result
)

// Roles that a HELLO can name.
const (
	RoleMaster = "master"
	RoleFront  = "front"
	RoleWorker = "worker"
	RoleCLI    = "cli"
)

// Message is one frame: a kind and its body.
type Message struct {
	Kind Kind            `json:"kind"`
	Body json.RawMessage `json:"body,omitempty"`
}

// Decode unmarshals the body into v. Unknown fields are skipped.
func (m Message) Decode(v any) error {
	if err := json.Unmarshal(m.Body, v); err != nil {
		return fmt.Errorf("control: body of %s message: %w", m.Kind, err)
	}
	return nil
}

// Hello opens a conversation.
type Hello struct {
	Role       string `json:"role"`
	Min        int    `json:"min"`
	Max        int    `json:"max"`
	Build      string `json:"build"` // build id of the sender's binary
	PID        int    `json:"pid"`
	Generation int    `json:"generation,omitempty"`
	Worker     int    `json:"worker,omitempty"`
}

// Failed is the last word of a process that cannot serve.
type Failed struct {
	Reason string `json:"reason"` // one block of text for a person
}

// Link gives a worker its end of a link; the file is a [wire.Link] socket.
type Link struct {
	Front int `json:"front"` // number of the front at the other end
}

// Listen gives a front its listeners, one file for each address.
type Listen struct {
	Addresses []string `json:"addresses"` // HOST:PORT as bound
	// Inherited says that the sockets are a service manager's, which keeps
	// them when all of us have ended.
	Inherited bool `json:"inherited,omitempty"`
	// Secure says which of them begin with a TLS handshake.
	Secure []bool `json:"secure,omitempty"`
	// Certificates says that one more file holds certificates and their keys.
	Certificates bool `json:"certificates,omitempty"`
}

// Tickets are the keys of TLS session tickets, 32 bytes each, the newest
// first. All fronts of a master have the same.
type Tickets struct {
	Keys [][]byte `json:"keys"`
}

// Settings asks a front to read a configuration, to use it or only to say
// whether it could.
type Settings struct {
	Number int  `json:"number"` // of the question, for the answer
	Use    bool `json:"use"`
	// File is the copy of the settings that a generation keeps, Root the
	// directory that relative paths in it count from.
	File string `json:"file"`
	Root string `json:"root"`
	// Listen is where clients connect by these settings: addresses that are
	// known already, too, and all others no more. A question whether it could
	// brings certificates alone.
	Listen *Listen `json:"listen,omitempty"`
}

// Settled answers a Settings.
type Settled struct {
	Number int `json:"number"`
	// Faults says all that is wrong; then nothing has changed.
	Faults string `json:"faults,omitempty"`
}

// Scrape asks for the figures of the whole tree, and answers that.
type Scrape struct {
	Number int `json:"number"` // of the question
}

// Figures asks a process for what it has counted, and answers that. A process
// may also say it unasked, and does so when it ends.
type Figures struct {
	Number int    `json:"number,omitempty"` // of the question
	Text   string `json:"text,omitempty"`   // for package metrics
}

// Access gives a front the file that takes the lines of its access log from
// now on; without a file they go to standard error.
type Access struct {
	Number int `json:"number"` // of the message, for the answer
}

// Accessed says that the file before is no longer written to.
type Accessed struct {
	Number int `json:"number"`
}

// Renewal is what a master says to a front that is not the only one.
type Renewal struct {
	Fronts int `json:"fronts,omitempty"` // that are connected; 0 when it does not say
}

// Changed names pages that requests have changed: no front that has kept them
// may answer with them any more. A front says so when there are others.
type Changed struct {
	Pages []Page `json:"pages"`
	All   bool   `json:"all,omitempty"` // there are too many to be named
}

// Page is a page of a site, whatever its scheme.
type Page struct {
	Host   string `json:"host"`
	Target string `json:"target"` // path, and a query that does not matter
}

// Table is the list of workers that a front may use.
type Table struct {
	Revision uint64        `json:"revision"`
	Workers  []TableWorker `json:"workers"`
	// Wanted is how many workers the master keeps ready, 0 when it does not say.
	Wanted int `json:"wanted,omitempty"`
	// Assets says where the current generation's static files are; nil when
	// the app has none.
	Assets *Assets `json:"assets,omitempty"`
	// ProbePath is what a front asks a worker whose row has a Probe.
	ProbePath string `json:"probe_path,omitempty"`
	// Maintenance is set while the site is closed on purpose.
	Maintenance *Maintenance `json:"maintenance,omitempty"`
	// Draining says that the tree is about to stop: a front goes on serving
	// and tells those who ask at /readyz to send clients elsewhere.
	Draining bool `json:"draining,omitempty"`
}

// Maintenance closes a site on purpose: a front answers 503 with a page that
// says so.
type Maintenance struct {
	Since   time.Time `json:"since"`
	Message string    `json:"message,omitempty"` // to clients; empty for the usual one
	// RetryAfter is how long clients are told to wait, in nanoseconds; 0 for
	// the usual time.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Allow are addresses and ranges ([ParseRange]) of clients who find the site
	// open.
	Allow []string `json:"allow,omitempty"`
}

// ParseRange reads an address, or a range of them like 10.0.0.0/8.
func ParseRange(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q: expected an address or a range of them like 10.0.0.0/8", text)
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// WorkerState says what a front may do with a worker.
type WorkerState string

// A ready worker gets requests; a probing one gets probes alone, over a link
// that may carry requests later; a draining one only finishes what it has.
const (
	WorkerReady    WorkerState = "ready"
	WorkerProbing  WorkerState = "probing"
	WorkerDraining WorkerState = "draining"
)

// TableWorker is one worker in a table. A worker that an earlier table had
// and this one has not is gone: its link is dead or will be.
type TableWorker struct {
	ID         int         `json:"id"` // never used again within one master
	Generation int         `json:"generation"`
	PID        int         `json:"pid"`
	State      WorkerState `json:"state"`
	// NewLink is set when the message carries this worker's link; the files
	// come in the order of the workers that have it set.
	NewLink bool `json:"new_link,omitempty"`
	// Probe is the number of a probe: when it is higher than any before for
	// this worker, the front asks for ProbePath and answers PROBED. A ready
	// worker that is probed is under suspicion: others are preferable.
	Probe int `json:"probe,omitempty"`
}

// Assets names the published static files of a generation.
type Assets struct {
	Store    string `json:"store"`    // directory for asset.OpenStore
	Manifest string `json:"manifest"` // file for asset.ReadManifest
}

// Mounted says how the apps of a front's mounts are, at first and whenever that
// changes.
type Mounted struct {
	Upstreams []Upstream `json:"upstreams"`
}

// Upstream is a server of another make that answers for a mount, or the
// gateway of another app.
type Upstream struct {
	Mount  string    `json:"mount"`
	Name   string    `json:"name"`             // as the configuration has it
	Usable bool      `json:"usable"`           // it gets requests
	Since  time.Time `json:"since"`            // of that; the begin of the front's watch at the earliest
	Reason string    `json:"reason,omitempty"` // why it is not usable
}

// Ack says that a front now works by the table of this revision.
type Ack struct {
	Revision uint64 `json:"revision"`
}

// Idle says that a front has no request left at a worker that is draining or
// gone, and has closed its link.
type Idle struct {
	Worker int `json:"worker"`
}

// Stop asks a process to finish what it has and end within Grace. Times are
// in nanoseconds.
type Stop struct {
	Grace time.Duration `json:"grace"`
	// Linger is how long a front that another one has replaced keeps idle
	// client connections open for the goodbye in their next response. Without
	// it nobody accepts after this front, and it lingers but a moment.
	Linger time.Duration `json:"linger,omitempty"`
}

// Pulse is what a worker says of itself every [WorkerBeat].
type Pulse struct {
	InFlight int    `json:"in_flight"` // requests that run
	Done     uint64 `json:"done"`      // requests that have ended since the start
	Failed   uint64 `json:"failed"`    // of these, the ones answered 500 or above, or not at all
	Stuck    int    `json:"stuck"`     // requests that run although their context ended long ago
	Oldest   *Busy  `json:"oldest,omitempty"`
	Streams  []Busy `json:"streams,omitempty"` // requests whose response has begun long ago, some of them
}

// Busy is a request that runs.
type Busy struct {
	ID     string    `json:"id,omitempty"` // as in the access log
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Begun  time.Time `json:"begun"`
}

// Probe asks a worker that has no front to ask its own handler for Path.
type Probe struct {
	Probe int    `json:"probe"`
	Path  string `json:"path"`
}

// Probed answers a probe.
type Probed struct {
	Worker int `json:"worker"`
	Probe  int `json:"probe"`
	// Failure says what was wrong; empty for a worker that answered well.
	Failure string `json:"failure,omitempty"`
}

// Dump asks a worker for the stacks of all its goroutines.
type Dump struct {
	Path string `json:"path"` // of the file to write
}

// Dumped answers a Dump.
type Dumped struct {
	Path    string `json:"path"`
	Failure string `json:"failure,omitempty"` // why there is no file
}

// Request is a command of the control socket.
type Request struct {
	Verb string   `json:"verb"` // status, reload, stop and the other commands of package runner
	Args []string `json:"args,omitempty"`
}

// Progress is a line for the person who waits for a result.
type Progress struct {
	Text string `json:"text"`
}

// Result ends a request.
type Result struct {
	ExitCode int             `json:"exit_code"` // as the CLI should exit
	Text     string          `json:"text,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"` // for --json
}
