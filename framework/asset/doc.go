// Package asset serves static files under fingerprinted names.
//
// A browser asks for css/site.css as /static/css/site.3fa9c1d2e4b5.css. The
// fingerprint is the beginning of the SHA-256 of the content, so the file may
// be kept for a year without asking, and a changed file has another URL. The
// plain name /static/css/site.css works too, but is revalidated each time.
//
// # Names
//
// A [Manifest] is the list of one build's files; [Scan] makes it. A page
// writes {{static "css/site.css"}}, which asks a [Namer] for the URL. Hidden
// files are neither listed nor served.
//
// # Three sources, one handler
//
// A [Handler] serves the files of a [Source]:
//
//   - [Bundle]: an embed.FS, scanned once. The app in one process.
//   - [Directory]: a directory as it is at every moment. Development.
//   - [Store]: what several generations have published. The front.
//
// It answers GET and HEAD below [Prefix] with a strong ETag, conditional
// requests and ranges, and sends X-Content-Type-Options: nosniff with content
// types of its own, whatever the machine's mime.types says. TryServe reports a
// miss instead of answering it, so that the front can ask a worker.
//
// # The store
//
// Assets are embedded in the binary of the app, but the process that serves
// them runs none of its code. And a page that was rendered before a reload
// asks for the stylesheet of the generation before. Both are solved by one
// directory:
//
//	store/files/css/site.3fa9c1d2e4b5.css   every generation's files, by content
//	store/encoded/br/css/site.3fa9….css     the same compressed, by content coding
//	store/manifests/GENERATION.json         which of them a generation has
//
// Each generation publishes its files before its first worker is ready
// ([Publish]); the front gives the new manifest to [Store.Use] and forgets
// nothing. What no generation has needed for 30 days is removed by [Prune].
package asset
