package config

// Setting is one key as it came out of a [Load]: what `config print` shows.
type Setting struct {
	Key    string // dotted, as in dram.toml: "server.listen"
	Value  string // as it would be written; secrets are masked
	Origin string // "default", "dram.toml:12", "DRAM_SERVER_LISTEN", "--listen"
	Help   string
}
