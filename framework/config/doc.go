// Package config is the one strict loader of an app's settings: dram.toml,
// the environment and flags, for the framework, the runner and the app itself.
package config
