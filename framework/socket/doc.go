// Package socket answers requests with WebSockets (RFC 6455). The protocol is
// github.com/coder/websocket; this package adds what an app would have to do
// itself: error pages for what is no handshake, pings, and an end in good order
// when the process ends.
//
//	app.Get("/chat", socket.Handler(chat, socket.Options{}))
//
//	func chat(c *dram.Context, conn *websocket.Conn) error {
//		for {
//			kind, text, err := conn.Read(c)
//			if err != nil {
//				return err
//			}
//			if err := conn.Write(c, kind, text); err != nil {
//				return err
//			}
//		}
//	}
//
// A browser sends the visitor's cookies with a handshake from any site, and it
// is a GET, which the framework lets through. So only pages of the same host
// may connect, and those that [Options.Origins] names.
//
// Where messages go one way only, to the browser, [dram.Context.Events] is
// simpler: it connects again by itself and passes every proxy.
package socket
