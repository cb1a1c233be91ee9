package main

import (
	"net/http"
	"reflect"
	"sync"
	"unsafe"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v5"

	"github.com/dram-go/dram/framework/router"
)

// contender is a router that holds a table.
type contender struct {
	name string
	// match finds a route and its last parameter, nothing more; nil for a
	// router that cannot be asked alone.
	match func(*http.Request) answer
	// serve is the router as an http.Handler. Each route's handler does the
	// same: it notes itself and the text of its last parameter in *noted.
	serve http.Handler
	noted *answer
}

func contenders(t table) []contender {
	return []contender{newDram(t), newGin(t), newEcho(t), newChi(t), newServeMux(t)}
}

func newDram(t table) contender {
	type handler func(*router.Params)
	noted := new(answer)
	r := router.New[handler]()
	for i, route := range t.routes {
		last := route.last()
		r.Add(route.method, route.pattern, func(p *router.Params) {
			param, _ := p.Get(last)
			*noted = answer{i, param}
		}, "")
	}
	if err := r.Build(); err != nil {
		panic(err)
	}
	pool := sync.Pool{New: func() any { return new(router.Params) }}
	var params router.Params
	return contender{
		name: "Dram",
		match: func(req *http.Request) answer {
			found := r.MatchURL(req.Method, req.URL, &params)
			if found.Status != router.Found {
				return answer{route: -1}
			}
			if n := params.Len(); n > 0 {
				_, value := params.At(n - 1)
				return answer{param: value}
			}
			return answer{}
		},
		serve: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			p := pool.Get().(*router.Params)
			found := r.MatchURL(req.Method, req.URL, p)
			if found.Status != router.Found {
				http.NotFound(w, req)
				return
			}
			found.Entry.Value(p)
			pool.Put(p)
		}),
		noted: noted,
	}
}

// What follows reaches into Gin, whose search tree cannot be asked otherwise.
// The layouts are those of the version in go.mod; a test compares answers.
type (
	ginNode    struct{ _ byte }
	ginSkipped struct {
		path  string
		node  *ginNode
		count int16
	}
	ginFound struct {
		handlers gin.HandlersChain
		params   *gin.Params
		tsr      bool
		fullPath string
	}
	ginTree struct {
		method string
		root   *ginNode
	}
)

//go:linkname ginGetValue github.com/gin-gonic/gin.(*node).getValue
func ginGetValue(n *ginNode, path string, params *gin.Params, skipped *[]ginSkipped, unescape bool) ginFound

func newGin(t table) contender {
	gin.SetMode(gin.ReleaseMode)
	noted := new(answer)
	e := gin.New()
	for i, route := range t.routes {
		last := route.last()
		pattern := route.translate(func(n string) string { return ":" + n }, func(n string) string { return "*" + n })
		e.Handle(route.method, pattern, func(c *gin.Context) { *noted = answer{i, c.Param(last)} })
	}
	field := reflect.ValueOf(e).Elem().FieldByName("trees")
	trees := *(*[]ginTree)(unsafe.Pointer(field.UnsafeAddr()))
	params := make(gin.Params, 0, 8)
	skipped := make([]ginSkipped, 0, 8)
	return contender{
		name: "Gin " + version("github.com/gin-gonic/gin"),
		match: func(r *http.Request) answer {
			params, skipped = params[:0], skipped[:0]
			for i := range trees {
				if trees[i].method != r.Method {
					continue
				}
				found := ginGetValue(trees[i].root, r.URL.Path, &params, &skipped, false)
				if found.handlers == nil {
					return answer{route: -1}
				}
				if n := len(params); n > 0 {
					return answer{param: params[n-1].Value}
				}
				return answer{}
			}
			return answer{route: -1}
		},
		serve: e,
		noted: noted,
	}
}

func newEcho(t table) contender {
	noted := new(answer)
	e := echo.New()
	for i, route := range t.routes {
		last := route.last()
		pattern := route.translate(func(n string) string { return ":" + n }, func(string) string { return "*" })
		if pattern[len(pattern)-1] == '*' {
			last = "*"
		}
		e.Add(route.method, pattern, func(c *echo.Context) error {
			*noted = answer{i, c.Param(last)}
			return nil
		})
	}
	c := echo.NewContext(nil, nil, e)
	lookup := e.Router()
	return contender{
		name: "Echo " + version("github.com/labstack/echo/v5"),
		match: func(r *http.Request) answer {
			c.Reset(r, nil)
			if lookup.Route(c) == nil || c.RouteInfo().Method != r.Method {
				return answer{route: -1}
			}
			if values := c.PathValues(); len(values) > 0 {
				return answer{param: values[len(values)-1].Value}
			}
			return answer{}
		},
		serve: e,
		noted: noted,
	}
}

func newChi(t table) contender {
	noted := new(answer)
	m := chi.NewMux()
	for i, route := range t.routes {
		last := route.last()
		pattern := route.translate(func(n string) string { return "{" + n + "}" }, func(string) string { return "*" })
		if pattern[len(pattern)-1] == '*' {
			last = "*"
		}
		m.MethodFunc(route.method, pattern, func(_ http.ResponseWriter, r *http.Request) {
			*noted = answer{i, chi.URLParam(r, last)}
		})
	}
	c := chi.NewRouteContext()
	return contender{
		name: "chi " + version("github.com/go-chi/chi/v5"),
		match: func(r *http.Request) answer {
			c.Reset()
			if m.Find(c, r.Method, r.URL.Path) == "" {
				return answer{route: -1}
			}
			if n := len(c.URLParams.Values); n > 0 {
				return answer{param: c.URLParams.Values[n-1]}
			}
			return answer{}
		},
		serve: m,
		noted: noted,
	}
}

func newServeMux(t table) contender {
	noted := new(answer)
	m := http.NewServeMux()
	for i, route := range t.routes {
		last := route.last()
		pattern := route.translate(func(n string) string { return "{" + n + "}" }, func(n string) string { return "{" + n + "...}" })
		if pattern[len(pattern)-1] == '/' {
			pattern += "{$}"
		}
		m.HandleFunc(route.method+" "+pattern, func(_ http.ResponseWriter, r *http.Request) {
			*noted = answer{i, r.PathValue(last)}
		})
	}
	return contender{name: "ServeMux " + goVersion(), serve: m, noted: noted}
}
