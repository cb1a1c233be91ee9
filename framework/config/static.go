package config

// Static is the [static] section: the files that the front sends without
// asking the app.
type Static struct {
	// Memory bounds the small files that are kept ready to be sent. Others are
	// read when they are asked for.
	Memory Size `key:"memory" help:"memory for small files that are kept ready to be sent"`
	// Sendfile are directories whose files the front may send for the app, which
	// names one by the field X-Sendfile, as Context.SendFile does. Without them
	// workers send their files themselves.
	Sendfile []string `key:"sendfile" help:"directories whose files the app may have sent by the front, like data/uploads"`
}
