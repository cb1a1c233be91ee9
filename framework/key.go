package dram

import "context"

// Key names a value of type T that a middleware leaves on the Context for
// those behind it. Keys are compared by identity: make each once, as a package
// variable.
//
//	var currentUser = dram.NewKey[*User]("current user")
type Key[T any] struct{ name string }

// NewKey makes a key. The name is for reading only.
func NewKey[T any](name string) *Key[T] { return &Key[T]{name} }

// String returns the name of the key.
func (k *Key[T]) String() string { return k.name }

// Set stores a value on c, for this handler and those it calls.
func (k *Key[T]) Set(c *Context, v T) { c.values = &value{key: k, val: v, next: c.values} }

// Get returns the value, and whether there is one. ctx is the Context or
// derived from it.
func (k *Key[T]) Get(ctx context.Context) (T, bool) {
	v, ok := ctx.Value(k).(T)
	return v, ok
}

// value is one entry of a list that only grows at its head, so that copies of
// a Context share what was before them and nothing else.
type value struct {
	key, val any
	next     *value
}
