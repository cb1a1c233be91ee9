package config

// Size is a number of bytes. In dram.toml and in the environment it is
// written as an integer or with a binary unit: 512, "64KiB", "10MiB", "1GiB".
type Size int64
