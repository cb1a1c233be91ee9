package dram

// Locale returns the locale of the response: the one of the app's that suits
// the client's Accept-Language best, or the default one.
func (c *Context) Locale() string {
	c.x.mu.Lock()
	c.x.localised = true
	c.x.mu.Unlock()
	return c.negotiated()
}

// negotiated is Locale for what does not show in the response.
func (c *Context) negotiated() string {
	return c.app.catalog.Negotiate(c.Request.Header.Get("Accept-Language"))
}

// T returns a text of the catalogue in the locale of the response. Arguments
// are described in package i18n. A key that is not there is returned itself.
func (c *Context) T(key string, args ...any) string {
	return c.app.catalog.T(c.Locale(), key, args...)
}
