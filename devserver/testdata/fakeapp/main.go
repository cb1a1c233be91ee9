// Fakeapp follows the seam between dev server and app with the standard library
// alone: an inherited socket, a lifeline, a pipe to say READY on.
package main

import (
	"embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const greeting = "first"

//go:embed notes.txt
var notes embed.FS

func main() {
	if len(os.Args) != 2 || os.Args[1] != "run" || os.Getenv("DRAM_ENV") != "development" {
		fmt.Fprintln(os.Stderr, "not started by the dev server")
		os.Exit(2)
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		panic(err)
	}
	go func() {
		io.Copy(io.Discard, os.NewFile(4, "lifeline"))
		os.WriteFile(".dram/lifeline-ended", nil, 0o600)
		os.Exit(0)
	}()
	go func() {
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		<-term
		os.Exit(0)
	}()
	http.HandleFunc("/{$}", page)
	http.HandleFunc("/greeting", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, greeting) })
	http.HandleFunc("/pid", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getpid()) })
	http.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getenv(r.FormValue("name"))) })
	http.HandleFunc("/notes", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, notes, "notes.txt") })
	http.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(os.Stderr, "fatal error: asked to fall over")
		os.Exit(3)
	})
	http.HandleFunc("/ticks", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			fmt.Fprint(w, "data: tick\n\n")
			http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	http.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir("static"))))
	fmt.Println("listening on http://" + listener.Addr().String())
	ready := os.NewFile(5, "ready")
	fmt.Fprintln(ready, "READY")
	ready.Close()
	panic(http.Serve(listener, nil))
}

// page is templates/index.html, read again each time.
func page(w http.ResponseWriter, r *http.Request) {
	text, err := os.ReadFile("templates/index.html")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(text)
}
