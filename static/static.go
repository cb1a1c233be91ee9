package static

import _ "embed"

//go:embed dev/overlay.js
var overlay string

//go:embed dev/client.js
var client string

//go:embed dram.css
var stylesheet string

// Client is the script that the dev server serves as /__dev/client.js: the
// overlay element first, then the part that talks with the dev server.
func Client() string { return overlay + "\n" + client }

// Stylesheet is the text of dram.css, the stylesheet of a new app.
func Stylesheet() string { return stylesheet }
