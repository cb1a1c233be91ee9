// Package asset serves static files under fingerprinted names.
package asset
