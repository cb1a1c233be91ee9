package devserver

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// openBrowser starts a real Chromium with a profile of its own. The programs
// under test are only half written in Go.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path := "/usr/bin/chromium"
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath("chromium"); err != nil {
			t.Fatal("the dev client is tested in a real browser: install chromium")
		}
	}
	// A fixed list: chromedp's defaults would add more.
	alloc, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("headless", true), chromedp.Flag("no-sandbox", true),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(patience))
	t.Cleanup(stop)
	limited, cancel := context.WithTimeout(alloc, 2*patience)
	t.Cleanup(cancel)
	ctx, quit := chromedp.NewContext(limited)
	t.Cleanup(quit)
	return ctx
}

// until asks the page until an expression is true. A page that goes away while
// it is asked is asked again.
func until(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			page, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
			t.Fatalf("%s: it did not become true that %s: %v\n%s", what, expression, err, page)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// do runs steps in the browser.
func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](text)
}

// What a developer sees: the page follows the files.
func TestBrowserFollowsTheFiles(t *testing.T) {
	dir := fakeApp(t)
	dev := startDev(t, dir, Options{NoAir: true})
	ctx := openBrowser(t)
	do(t, ctx, chromedp.Navigate(dev.url))
	until(t, ctx, "first page", `document.querySelector('h1').textContent === 'Hello' && window.dramDev`)

	// A template: the page reloads, where it was scrolled to.
	edit(t, dir, "templates/index.html", "</h1>", "</h1><p style='height:5000px'></p>")
	until(t, ctx, "template with room", `document.querySelector('p') && window.dramDev`)
	do(t, ctx, script(`scrollTo(0, 1234); window.before = true`))
	edit(t, dir, "templates/index.html", "Hello", "Hallo")
	until(t, ctx, "template", `document.querySelector('h1').textContent === 'Hallo' && !window.before && scrollY === 1234 && window.dramDev`)

	// A stylesheet: swapped, the page stays.
	do(t, ctx, script(`window.before = true`))
	edit(t, dir, "static/css/site.css", "1, 2, 3", "4, 5, 6")
	until(t, ctx, "stylesheet", `getComputedStyle(document.querySelector('h1')).color === 'rgb(4, 5, 6)' &&
		document.querySelectorAll('link').length === 1 && window.before`)

	// A broken build: the page stays, the overlay says where.
	edit(t, dir, "main.go", `= "first"`, `= <first>`)
	until(t, ctx, "overlay", `window.before && dramOverlay.shadowRoot.querySelector('.cover')?.textContent.includes('main.go:17') &&
		dramOverlay.shadowRoot.querySelector('.hit').textContent.includes('const greeting = <first>') && document.title.startsWith('✗')`)
	do(t, ctx, chromedp.KeyEvent("\x1b"))
	until(t, ctx, "Esc hides the overlay", `dramOverlay.shadowRoot.querySelector('.cover').hidden`)

	// Mended: the overlay is gone, and the page is of the new process.
	edit(t, dir, "main.go", `= <first>`, `= "second"`)
	until(t, ctx, "mended", `!window.before && window.dramDev && !dramOverlay.shadowRoot.querySelector('.cover') && !document.title.startsWith('✗')`)
	greeting, err := chromedp.Run(ctx, chromedp.Evaluate[string](`fetch('/greeting').then(r => r.text())`, chromedp.EvalAwaitPromise))
	if err != nil || greeting != "second" {
		t.Errorf("greeting %q, %v", greeting, err)
	}
}

// The page that stands in for an app that cannot be built replaces itself.
func TestBrowserWithoutAnApp(t *testing.T) {
	dir := fakeApp(t)
	edit(t, dir, "main.go", `= "first"`, `= first`)
	dev := startDev(t, dir, Options{NoAir: true})
	dev.awaitPhase(phaseFailed)
	ctx := openBrowser(t)
	do(t, ctx, chromedp.Navigate(dev.url))
	until(t, ctx, "problem page", `document.querySelector('main').textContent.includes('undefined: first') && window.dramDev`)
	edit(t, dir, "main.go", `= first`, `= "first"`)
	until(t, ctx, "the app", `document.querySelector('h1')?.textContent === 'Hello'`)
}

// The answer to a form is not sent again behind the reader's back.
func TestBrowserKeepsFormAnswers(t *testing.T) {
	dir := fakeApp(t)
	edit(t, dir, "templates/index.html", "<h1>", "<form method=post><button>go</button></form><h1>")
	dev := startDev(t, dir, Options{NoAir: true})
	ctx := openBrowser(t)
	do(t, ctx, chromedp.Navigate(dev.url))
	until(t, ctx, "first page", `window.dramDev`)
	do(t, ctx, script(`window.before = true; document.forms[0].submit()`))
	until(t, ctx, "answer", `!window.before && window.dramDev && document.querySelector('script[data-method=post]')`)
	do(t, ctx, script(`window.before = true`))
	edit(t, dir, "templates/index.html", "Hello", "Hallo")
	until(t, ctx, "offer", `window.before && dramOverlay.shadowRoot.querySelector('.pill button')`)
	do(t, ctx, script(`dramOverlay.shadowRoot.querySelector('.pill button').click()`))
	until(t, ctx, "asked for again", `!window.before && document.querySelector('h1').textContent === 'Hallo' && !document.querySelector('script[data-method]')`)
}

// The dev client runs on pages whose policy lets nothing else in.
func TestBrowserUnderStrictPolicies(t *testing.T) {
	policies := map[string]string{
		"/none":    "default-src 'none'",
		"/nonce":   "default-src 'none'; script-src 'nonce-x'; require-trusted-types-for 'script'",
		"/dynamic": "script-src 'strict-dynamic' 'nonce-x'; connect-src 'self'; object-src 'none'; base-uri 'none'",
		"/hashes":  "script-src 'strict-dynamic' 'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
		"/two":     "script-src 'nonce-a', script-src 'nonce-b'",
		"/inline":  "default-src 'unsafe-inline'",
	}
	front := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", policies[r.URL.Path])
		w.Write([]byte("<!doctype html><html><head><title>x</title><body><h1>x</h1><script>window.inline = true</script>"))
	}))
	b := newBoard(view{state: state{Version: "run-1", Styles: 2, Phase: phaseFailed, Problem: &problem{Kind: problemBuild, Message: "<b>bad</b>"}}})
	front.Config.Handler = guardHosts(newHosts(""), devParts(b), front.Config.Handler)
	ctx := openBrowser(t)
	for path, policy := range policies {
		do(t, ctx, chromedp.Navigate(front.URL+path))
		until(t, ctx, path, `window.dramOverlay && dramOverlay.shadowRoot.querySelector('h1')?.textContent === '<b>bad</b>'`)
		inline, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(window.inline)`))
		if want := strings.Contains(policy, "unsafe-inline"); err != nil || inline != want {
			t.Errorf("%s: inline code runs: %v, without the dev client it was %v; %v", policy, inline, want, err)
		}
	}
}
