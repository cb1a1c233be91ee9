package pubsub_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/dram-go/dram/framework/pubsub"
)

// A visitor looks at a question while another answers it. The subscription
// begins before the first look, so no change falls between the two.
func ExampleNode_Subscribe() {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	bus := pubsub.New(pubsub.Options{})
	answers := 0 // stands for the database

	changes := bus.Subscribe(ctx, "question/42")
	fmt.Println("answers:", answers)

	answers++
	if err := bus.Publish(ctx, "question/42", nil); err != nil {
		log.Fatal(err)
	}
	for range changes { // a message or a gap: read again
		fmt.Println("answers:", answers)
		break // the visitor leaves
	}
	// Output:
	// answers: 0
	// answers: 1
}

// Two processes hear each other through a hub. Here both nodes live in one.
func ExampleHub() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "hub")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "hub.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	go new(pubsub.Hub).Serve(ctx, l)

	here := pubsub.New(pubsub.Options{Hub: socket})
	there := pubsub.New(pubsub.Options{Hub: socket})
	for _, node := range []*pubsub.Node{here, there} {
		if err := node.Start(ctx); err != nil {
			log.Fatal(err)
		}
		defer node.Close(ctx)
	}
	heard := there.Subscribe(ctx, "news")
	if err := here.Publish(ctx, "news", []byte("7")); err != nil {
		log.Fatal(err)
	}
	for m := range heard {
		fmt.Printf("%s: %s changed\n", m.Topic, m.Data)
		break
	}
	// Output: news: 7 changed
}
