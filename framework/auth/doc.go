// Package auth knows who makes a request: it hashes passwords and limits how
// often they may be guessed.
package auth
