package auth

import _ "embed"

//go:embed migration.sql
var migration string

// Migration returns the text of a migration that makes the tables auth_limit
// and auth_session of [Limits] and [Sessions], for SQLite and for PostgreSQL.
// Put it among the app's own under a number of its own, such as
// migrations/0003_auth.sql. A test that is run once can write it there:
//
//	os.WriteFile("migrations/0003_auth.sql", []byte(auth.Migration()), 0o644)
func Migration() string { return migration }
