package dram

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/nearest"
	"github.com/dram-go/dram/framework/router"
)

// unrouted says why no route took a request.
type unrouted struct {
	text string
	near []string // routes that may be meant, the best first; in development only
}

func (u *unrouted) Error() string {
	if len(u.near) == 0 {
		return u.text
	}
	return u.text + "; the nearest: " + strings.Join(u.near, ", ")
}

// whyNoRoute explains a 404 to the developer.
func (c *Context) whyNoRoute() *unrouted {
	r := c.Request
	why := &unrouted{text: fmt.Sprintf("no route takes %s %s", r.Method, r.URL.Path)}
	var params router.Params
	if other := c.app.router.MatchURL(http.MethodGet, r.URL, &params); other.Status == router.Redirect {
		why.text += fmt.Sprintf("; there is %s, but only GET and HEAD are redirected: a redirect would lose the body", other.Path)
	}
	if c.app.conf.Env != config.Development {
		return why
	}
	if c.isAsset() && c.app.assets != nil {
		if _, err := c.app.assets.URLName(strings.TrimPrefix(r.URL.Path, asset.Prefix)); err != nil {
			why.text += "; " + err.Error()
			return why
		}
	}
	why.near = c.app.nearRoutes(r.URL.Path)
	return why
}

// maxNear is how many routes a 404 names.
const maxNear = 4

// likeness is a pattern beside a path.
type likeness struct {
	methods, pattern string
	path             string // the pattern with the parameters of the path
}

// nearRoutes returns the routes whose paths look most like path: those that
// may be it misspelt, then those that begin like it.
func (a *App) nearRoutes(path string) []string {
	var all []likeness
	for _, e := range a.router.Entries() {
		same := func(l likeness) bool { return l.pattern == e.Pattern }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i].methods += "/" + e.Method
			continue
		}
		all = append(all, likeness{e.Method, e.Pattern, fillIn(e.Pattern, path)})
	}
	slices.SortStableFunc(all, func(a, b likeness) int { return cmp.Compare(alike(b.path, path), alike(a.path, path)) })
	var paths, near []string
	for _, l := range all {
		paths = append(paths, l.path)
	}
	for range min(maxNear, len(all)) {
		best := max(0, slices.Index(paths, nearest.Name(path, paths)))
		near = append(near, all[best].methods+" "+all[best].pattern)
		all, paths = slices.Delete(all, best, best+1), slices.Delete(paths, best, best+1)
	}
	return near
}

// fillIn puts the segments of a path where a pattern has parameters.
func fillIn(pattern, path string) string {
	segments, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") && i < len(given) && given[i] != "" {
			segments[i] = given[i]
		}
	}
	return strings.Join(segments, "/")
}

// alike counts the letters that two paths have in common at their beginning.
func alike(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
