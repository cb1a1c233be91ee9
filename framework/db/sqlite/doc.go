// Package sqlite lets package db open SQLite files. It is imported for its
// effect only, in the main package of an app:
//
//	import _ "github.com/dram-go/dram/framework/db/sqlite"
//
// and registers the scheme "sqlite": database.url = "sqlite:data/app.db", a
// path below the app's root or an absolute one. The directory (0700) and the
// file (0600) are made when they are missing.
//
// # Several processes
//
// Any number of processes may use the file. They share it through SQLite's
// write-ahead log, in which readers never wait. Writers take turns: a
// transaction takes the write lock when it begins (BEGIN IMMEDIATE), never in
// the middle, where SQLite would have to answer "database is locked". Waiting
// for the lock happens in Go, so it ends with the context.
//
// SQLite before 3.51.3 can corrupt a write-ahead log that several connections
// write to, and is refused.
//
// # Files beside the database
//
// app.db-wal and app.db-shm belong to SQLite and to app.db: copy all or none.
// app.db.lock is locked while a process migrates. app.db.backup-VERSION-TIME is
// a copy made before a migration in production, of which three are kept.
package sqlite
