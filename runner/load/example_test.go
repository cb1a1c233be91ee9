package load_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// An app counts what it was asked to do, and the load finds out whether it
// did everything once.
func ExampleStart() {
	dir, err := os.MkdirTemp("", "load")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	mux.Handle("/count", &load.Ledger{Path: filepath.Join(dir, "ledger")})
	server := httptest.NewServer(mux)
	defer server.Close()

	l, err := load.Start(context.Background(), load.Plan{
		URL: server.URL, Contains: "hello", Post: "/count", Ledger: "/count", Connections: 4, Requests: 100,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := l.Wait()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Answered, "answered,", report.Ledger.Posts, "counted")
	fmt.Println(report.Lost, "lost,", report.Duplicated, "duplicated,", report.Wrong, "wrong")
	// Output:
	// 100 answered, 50 counted
	// 0 lost, 0 duplicated, 0 wrong
}

func ExampleHistogram() {
	var h load.Histogram
	for range 1000 {
		h.Add(time.Millisecond)
	}
	h.Add(250 * time.Millisecond)
	fmt.Println(h.Quantile(0.5).Round(100*time.Microsecond), h.Max())
	// Output: 1ms 250ms
}
