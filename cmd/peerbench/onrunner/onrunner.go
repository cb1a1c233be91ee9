// Package onrunner shows apps of other frameworks on Dram's runner. Each needs
// one line: runner.Main with a function that makes the app. From then on its
// binary serves, reloads without losing a request, checks itself and has all
// the other commands of package runner.
package onrunner

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v5"

	"github.com/dram-go/dram/framework/config"
)

// NewChi makes an app on chi.
func NewChi(*config.Config) (*chi.Mux, error) {
	r := chi.NewRouter()
	r.Get("/hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("hello " + chi.URLParam(r, "name") + " from chi")) // an error is the client's leaving
	})
	return r, nil
}

// NewGin makes an app on Gin.
func NewGin(*config.Config) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/hello/:name", func(c *gin.Context) { c.String(http.StatusOK, "hello %s from gin", c.Param("name")) })
	return r, nil
}

// NewEcho makes an app on Echo.
func NewEcho(*config.Config) (*echo.Echo, error) {
	e := echo.New()
	e.GET("/hello/:name", func(c *echo.Context) error {
		return c.String(http.StatusOK, "hello "+c.Param("name")+" from echo")
	})
	return e, nil
}
