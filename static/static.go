package static

import _ "embed"

//go:embed dev/overlay.js
var overlay string

//go:embed dev/client.js
var client string

// Client is the script that the dev server serves as /__dev/client.js: the
// overlay element first, then the part that talks with the dev server.
func Client() string { return overlay + "\n" + client }
