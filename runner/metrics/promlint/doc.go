// Package promlint compares package metrics with the library of Prometheus. It
// is a module of its own, so that no app inherits what it needs.
package promlint
