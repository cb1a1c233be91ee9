// Package postgres links the nodes of package pubsub through PostgreSQL: the
// processes of an app hear each other wherever they run, as long as they share
// a database. It uses LISTEN and NOTIFY.
//
//	bus := pubsub.New(pubsub.Options{Link: postgres.Link(conf)})
//	app.Add(bus)
//
// With a database that is not PostgreSQL, [Link] is nil and the node does what
// it does without one: it goes through the runner's hub, or stays in its
// process. So the lines above are right for every app that imports this
// package.
//
// Each process holds two connections of its own beside those of package db.
// They cannot go through a pooler that hands connections out by transaction
// (PgBouncer's pool_mode = transaction), because LISTEN belongs to a session.
// Apps in one database do not hear each other, they are told apart by their
// names.
//
// A notification holds less than 8,000 bytes (the manual on NOTIFY). A message
// that does not fit, topic and data above about 5,900 bytes, reaches other
// processes as the mark of a gap on its topic, which asks for the same: read
// again.
package postgres
