package h1

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The process that is measured is this test in another role, named here.
const roleVariable = "H1_BENCH_SERVER"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		measured(role)
		return
	}
	os.Exit(m.Run())
}

// measured serves 1 KiB to whoever asks, until its standard input ends.
func measured(role string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	page := bytes.Repeat([]byte("x"), 1<<10)
	fields := http.Header{"Content-Type": {"text/plain"}, "Content-Length": {"1024"}, "Etag": {`"abc"`}}
	switch role {
	case "h1":
		go New(Options{}, func(x *Exchange) { x.Start(200, fields); x.Write(page) }).Serve(l)
	case "h1+request": // with the request that net/http makes
		go New(Options{}, func(x *Exchange) { x.Head(); x.Start(200, fields); x.Write(page) }).Serve(l)
	case "net/http":
		go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			for name, values := range fields {
				h[name] = values
			}
			w.Write(page)
		}))
	}
	fmt.Println(l.Addr())
	io.Copy(io.Discard, os.Stdin)
}

// server is a measured process.
type server struct {
	*exec.Cmd
	addr string
}

func startServer(b *testing.B, role string) *server {
	b.Helper()
	s := &server{Cmd: exec.Command(os.Args[0])}
	s.Env = append(os.Environ(), roleVariable+"="+role)
	s.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := s.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := s.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Fscanln(stdout, &s.addr); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		_ = s.Wait()
	})
	return s
}

// spent is the processor time of a process so far, in ticks of 10 ms.
func (s *server) spent(b *testing.B) int {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

// load sends n requests over some connections.
func (s *server) load(b *testing.B, clients, n int) {
	b.Helper()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			in := make([]byte, 4<<10)
			for range n / clients {
				if _, err := io.WriteString(conn, browserHead); err != nil {
					b.Error(err)
					return
				}
				for got, want := 0, 0; want == 0 || got < want; {
					m, err := conn.Read(in[got:])
					if err != nil {
						b.Error(err)
						return
					}
					got += m
					if end := bytes.Index(in[:got], []byte("\r\n\r\n")); end >= 0 {
						want = end + 4 + 1024
					}
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkServer compares the processor time that a 1 KiB response over
// loopback costs here and on net/http's server, each in a process of its own,
// in turns. Give it a number of rounds: -benchtime 5x.
func BenchmarkServer(b *testing.B) {
	roles := []string{"net/http", "h1", "h1+request"}
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
			const n = 20000
			servers, ticks := make([]*server, len(roles)), make([]int, len(roles))
			for i, role := range roles {
				servers[i] = startServer(b, role)
				servers[i].load(b, clients, n/10)
			}
			rounds := 0
			for b.Loop() {
				rounds++
				for i, s := range servers {
					before := s.spent(b)
					s.load(b, clients, n)
					ticks[i] += s.spent(b) - before
				}
			}
			for i, role := range roles {
				b.ReportMetric(float64(ticks[i])*1e4/float64(rounds*n), "µs-cpu/"+role)
				b.ReportMetric(float64(ticks[i])/float64(ticks[0]), "ratio/"+role)
			}
		})
	}
}

// idleCost opens connections that have each had one response and now wait, and
// returns the bytes that each costs: heap and stacks, and resident memory.
func idleCost(tb testing.TB, n int) (heap, stack, resident float64) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := New(Options{}, handled(app))
	go s.Serve(l)
	defer s.Close()
	defer l.Close()
	// The clients' side are bare descriptors, which cost this process nothing.
	addr := l.Addr().(*net.TCPAddr)
	clients := make([]int, 0, n)
	defer func() {
		for _, fd := range clients {
			unix.Close(fd)
		}
	}()
	in := make([]byte, 4<<10)
	open := func() {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			tb.Fatal(err)
		}
		clients = append(clients, fd)
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			tb.Fatal(err)
		}
		if _, err := unix.Write(fd, []byte(browserHead)); err != nil {
			tb.Fatal(err)
		}
		if _, err := unix.Read(fd, in); err != nil {
			tb.Fatal(err)
		}
	}
	for range 10 {
		open()
	}
	before, rss := settled()
	for range n {
		open()
	}
	after, rssAfter := settled()
	per := func(before, after uint64) float64 { return (float64(after) - float64(before)) / float64(n) }
	return per(before.HeapAlloc, after.HeapAlloc), per(before.StackInuse, after.StackInuse), per(rss, rssAfter)
}

// settled returns what is used after the garbage is gone.
func settled() (runtime.MemStats, uint64) {
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.ParseUint(strings.Fields(string(statm) + " 0 0")[1], 10, 64)
	return m, pages * uint64(os.Getpagesize())
}

func TestAnIdleConnectionIsSmall(t *testing.T) {
	limit := 8 << 10
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		limit *= 2 // the race detector's frames are larger
	}
	heap, stack, _ := idleCost(t, 500)
	if heap+stack > float64(limit) {
		t.Errorf("an idle connection costs %.0f bytes of heap and %.0f of stack, more than 8 KiB", heap, stack)
	}
}

// BenchmarkIdle measures what an idle connection costs. Give it the number of
// connections: -benchtime 8000x.
func BenchmarkIdle(b *testing.B) {
	begun := time.Now()
	heap, stack, resident := idleCost(b, b.N)
	b.ReportMetric(heap, "heap-B/conn")
	b.ReportMetric(stack, "stack-B/conn")
	b.ReportMetric(resident, "RSS-B/conn")
	b.ReportMetric(float64(time.Since(begun).Nanoseconds())/float64(b.N), "ns/op")
}
