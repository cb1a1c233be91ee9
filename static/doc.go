// Package static holds the browser parts that ship with Dram.
//
// [Client] is what the dev server adds to every page: it listens for the
// state of the app, reloads the page, swaps stylesheets and shows the overlay
// when a build is broken. It is one classic script without dependencies, uses
// no inline code, no innerHTML and no inline style, and therefore runs under a
// strict Content-Security-Policy with Trusted Types. It never reaches
// production: only the dev server knows its address.
package static
