package runner_test

import (
	"io"
	"net/http"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner"
)

// Any http.Handler runs; here the whole program of an app without a framework.
func ExampleMain() {
	newApp := func(*config.Config) (http.Handler, error) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
		return mux, nil
	}
	main := func() { runner.Main(newApp) }
	_ = main
}
