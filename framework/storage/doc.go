// Package storage keeps the files that visitors upload, outside the database
// and outside static/. It can be used from any Go program.
//
//	files := storage.New(conf, storage.Options{}) // data/uploads
//	app.Add(files)                                // Start, Close and Check
//
//	// In a handler:
//	up, err := s.Files.Save(c, part, "image/*", "application/pdf")
//	// up.ID goes into a row of the database, with the name that the visitor
//	// gave the file; later:
//	f, err := s.Files.Open(c, row.FileID)
//	return c.SendFile(f) // by the front, if static.sendfile names data/uploads
//
// # What is trusted
//
// Nothing. A visitor's file name never becomes a path: a file is kept under an
// ID of 128 random bits, so IDs can neither be guessed nor collide. The type
// is what the first bytes look like, not what the browser said or the name
// claims; it is part of the ID, as an extension out of a short list, and
// anything that is not on the list is "bin", HTML and SVG among it. All paths
// go through an [os.Root], which links cannot leave.
//
// What the first bytes say is not proof: a file can be a good picture and a
// good archive at once. [Serve] therefore lets a browser show pictures only
// and sends the rest as downloads, with nosniff and a sandbox. To be sure that
// a picture is nothing else, and to drop the place where it was taken, decode
// it and encode it again.
//
// # What survives
//
// A file appears whole or not at all: it is written beside its place, synced
// and renamed. After Save it is on the disk, so a row that names it can be
// committed. If the transaction fails, Delete the file; what a crash leaves
// behind is found by comparing [Dir.All] with the database. Half-written files
// of a crashed process are removed by Start after a day.
//
// # Elsewhere than on a disk
//
// [Store] is what an app should ask for where it does not care: [Dir]
// implements it, something for an object store may too.
package storage
