package devserver

import "io"

// Options say what [Run] serves and how.
type Options struct {
	// Dir is the directory of the app's main package. Empty: the working
	// directory.
	Dir string
	// Listen is HOST:PORT. Empty: localhost, port 3000 or the next free one
	// of 20. A host that is not loopback opens the dev server, and with it the
	// source of the app, to everyone who reaches that address.
	Listen string
	// Stdout gets one line, "listening on http://HOST:PORT", once the dev
	// server accepts. Nil: the standard output of this process.
	Stdout io.Writer
	// Stderr gets everything else: what changed, build times, errors, and what
	// the app prints. Nil: the standard error of this process.
	Stderr io.Writer
	// Air is the path of the air executable. Empty: the environment variable
	// AIR; the tool in tools.mod of the app or of the Dram it uses; PATH.
	Air string
	// NoAir watches by polling, for file systems that send no events.
	NoAir bool
	// PokeCommand is the command that calls [Poke] with the one argument that
	// is added to it, such as ["/path/dram", "__poke"]. Without it air has no
	// way to speak with this process and is not used.
	PokeCommand []string
}
