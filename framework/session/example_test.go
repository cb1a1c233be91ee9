package session_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/dram-go/dram/framework/session"
)

// A counter of visits with plain net/http.
func Example() {
	sessions, err := session.New(session.Options{
		Secrets: []string{"0123456789abcdef0123456789abcdef"},
		Name:    "counter",
	})
	if err != nil {
		log.Fatal(err)
	}
	count := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		var visits int
		if _, err := s.Get("visits", &visits); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if err := s.Set("visits", visits+1); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "visit %d", visits+1)
	}
	server := httptest.NewServer(sessions.Wrap(http.HandlerFunc(count)))
	defer server.Close()

	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	for range 2 {
		res, err := client.Get(server.URL)
		if err != nil {
			log.Fatal(err)
		}
		var word string
		var n int
		fmt.Fscan(res.Body, &word, &n)
		res.Body.Close()
		fmt.Println(word, n)
	}
	// Output:
	// visit 1
	// visit 2
}
