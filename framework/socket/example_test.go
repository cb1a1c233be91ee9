package socket_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"

	"github.com/coder/websocket"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/socket"
)

// A room that says everything twice. Pages of other sites cannot enter, unless
// Options.Origins names them.
func Example() {
	app := dram.New(nil, nil)
	app.SetLog(slog.New(slog.DiscardHandler))
	app.Get("/room/{name}", socket.Handler(func(c *dram.Context, conn *websocket.Conn) error {
		for {
			kind, text, err := conn.Read(c)
			if err != nil {
				return err // also when the client has left, which is not logged
			}
			answer := fmt.Sprintf("%s: %s %s", c.Param("name"), text, text)
			if err := conn.Write(c, kind, []byte(answer)); err != nil {
				return err
			}
		}
	}, socket.Options{}))

	server := httptest.NewServer(app)
	defer server.Close()
	ctx := context.Background()
	conn, _, err := websocket.Dial(ctx, server.URL+"/room/hall", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		fmt.Println(err)
		return
	}
	_, text, err := conn.Read(ctx)
	fmt.Println(string(text), err)
	// Output: hall: hello hello <nil>
}
