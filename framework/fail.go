package dram

// Fail ends the handler as if it had returned err. It is for functions that
// are called by handlers and have no error result of their own, as
// [Context.Session] is; handlers return their errors.
func (c *Context) Fail(err error) { fail(err) }

// WantsHTML reports whether the client wants a page: a browser that shows what
// it gets does, a script or a program does not. Error pages are chosen by the
// same rule.
func (c *Context) WantsHTML() bool { return preferred(c.Request) == "html" }
