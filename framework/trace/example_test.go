package trace_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/dram-go/dram/framework/trace"
)

// Both ends of the pipe in one program.
func Example() {
	r, pipe := io.Pipe()
	go func() { // the app
		writer := trace.NewWriter(pipe)
		rec := &trace.Recorder{}
		ctx := trace.NewContext(context.Background(), rec)

		trace.FromContext(ctx).Query(trace.Query{SQL: "SELECT subject FROM question", Rows: 10})

		request := trace.Request{Method: "GET", Path: "/question/list/", Status: 200}
		rec.Fill(&request)
		writer.Send(trace.Event{Request: &request})
		if err := writer.Close(context.Background()); err != nil {
			log.Print(err)
		}
	}()
	for event, err := range trace.Read(r) { // the dev server
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Request.Path, event.Request.Status, len(event.Request.Queries), "query")
	}
	// Output: /question/list/ 200 1 query
}
