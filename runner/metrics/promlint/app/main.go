// Command app counts its pages with the library of Prometheus.
package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner"
)

func main() { runner.Main(newSite) }

type site struct {
	registry *prometheus.Registry
	pages    prometheus.Counter
}

func newSite(*config.Config) (*site, error) {
	s := &site{
		registry: prometheus.NewRegistry(),
		pages:    prometheus.NewCounter(prometheus.CounterOpts{Name: "pages_total", Help: "Pages."}),
	}
	return s, s.registry.Register(s.pages)
}

func (s *site) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.pages.Inc()
	fmt.Fprintln(w, "hello")
}

// Metrics hands the app's figures to the runner.
func (s *site) Metrics(w io.Writer) error {
	families, err := s.registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return nil
}
