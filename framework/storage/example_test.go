package storage_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/storage"
)

// Uploads with plain net/http.
func Example() {
	root, err := os.MkdirTemp("", "uploads")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	files := storage.New(config.Default(root), storage.Options{Max: 1 << 20})
	if err := files.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	defer files.Close(context.Background())

	upload := func(w http.ResponseWriter, r *http.Request) {
		up, err := files.Save(r.Context(), r.Body, "text/plain", "image/*")
		var refused interface{ StatusCode() int }
		if errors.As(err, &refused) {
			http.Error(w, err.Error(), refused.StatusCode())
			return
		}
		if err != nil {
			http.Error(w, "sorry", http.StatusInternalServerError)
			return
		}
		f, err := files.Open(r.Context(), up.ID)
		if err != nil {
			http.Error(w, "sorry", http.StatusInternalServerError)
			return
		}
		defer f.Close()
		if err := storage.Serve(w, r, f, "note.txt"); err != nil {
			http.Error(w, "sorry", http.StatusInternalServerError)
		}
	}
	for _, body := range []string{"A note.", "<script>alert(1)</script>"} {
		w := httptest.NewRecorder()
		upload(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		fmt.Println(w.Code, w.Header().Get("Content-Disposition"), strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 200 attachment; filename=note.txt A note.
	// 415  storage: the file looks like application/octet-stream, expected text/plain or image/*
}
