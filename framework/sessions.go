package dram

import (
	"crypto/rand"
	"fmt"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/session"
)

// SessionStore keeps the sessions on the server instead of in sealed cookies,
// so that one device's can be listed and ended, see [session.Store]:
//
//	app.SessionStore(&auth.Sessions{DB: database})
func (a *App) SessionStore(store session.Store) {
	a.describing("SessionStore")
	a.store = store
}

// newSessions returns what keeps sessions. Without a secret production has
// none; elsewhere one is made up, which lasts as long as the process.
func (a *App) newSessions() (*session.Manager, error) {
	secret := a.conf.Secret
	production := a.conf.Env == config.Production
	if secret == "" {
		if production {
			return nil, fmt.Errorf("there is no secret to seal sessions with: make one by `%s secret`, "+
				"which writes .dram/secret, or set DRAM_SECRET, SECRET_KEY or SECRET_KEY_FILE", config.Program())
		}
		secret = rand.Text() + rand.Text()
	}
	return session.New(session.Options{
		Secrets: append([]string{secret}, a.conf.PreviousSecrets...),
		Name:    a.conf.Name,
		Secure:  production,
		MaxAge:  a.conf.Session.MaxAge,
		Idle:    a.conf.Session.Idle,
		Store:   a.store,
		Now:     a.conf.Now,
	})
}
