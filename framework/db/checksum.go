package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/dram-go/dram/framework/config"
	"github.com/jmoiron/sqlx"
)

// checksumTable keeps what each migration said when it ran, of which goose's
// own table keeps the number only.
const checksumTable = "dram_migration"

// checksum is of the statements that a migration runs. Comments, blanks, line
// ends and the Down part may be changed at any time: they do nothing to a database.
func checksum(file string) string {
	sum := sha256.New()
	for _, statement := range upStatements(strings.ReplaceAll(file, "\r\n", "\n")) {
		for _, token := range statement.tokens {
			_, _ = io.WriteString(sum, token.text+"\x00") // a hash takes everything
		}
		_, _ = io.WriteString(sum, "\x00")
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// compare sorts out those applied files that say something else than when they
// ran, and those of which nobody knows: they ran before there were checksums,
// or the process died after them.
func (p *plan) compare(sums map[int64]string) {
	for _, m := range p.files {
		switch sum := sums[m.version]; {
		case !p.applied[m.version], sum == m.checksum:
		case sum == "":
			p.unsummed = append(p.unsummed, m)
		default:
			p.changed = append(p.changed, m)
		}
	}
}

// checksums reads what the database knows, by version.
func (d *DB) checksums(ctx context.Context, pool *sql.DB) (map[int64]string, error) {
	has, err := d.engine.HasTable(ctx, pool, checksumTable)
	if err != nil || !has {
		return nil, d.engine.Explain(ctx, err)
	}
	var rows []struct {
		Version  int64
		Checksum string
	}
	err = sqlx.NewDb(pool, string(d.engine.Dialect())).SelectContext(ctx, &rows, "SELECT version, checksum FROM "+checksumTable)
	if err != nil {
		return nil, fmt.Errorf("read the checksums of migrations from %s: %w", d.engine, d.engine.Explain(ctx, err))
	}
	sums := map[int64]string{}
	for _, row := range rows {
		sums[row.Version] = row.Checksum
	}
	return sums, nil
}

// remember notes what migrations say that have run.
func (d *DB) remember(ctx context.Context, pool *sql.DB, ran ...migration) error {
	statements := []string{"CREATE TABLE IF NOT EXISTS " + checksumTable + " (version BIGINT PRIMARY KEY, checksum TEXT NOT NULL)"}
	for _, m := range ran {
		// Both are digits. A version can be there already: of a migration that
		// was taken back by hand.
		statements = append(statements, fmt.Sprintf("INSERT INTO %s (version, checksum) VALUES (%d, '%s') "+
			"ON CONFLICT (version) DO UPDATE SET checksum = excluded.checksum", checksumTable, m.version, m.checksum))
	}
	for _, statement := range statements {
		if _, err := pool.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("note the checksums of migrations in %s: %w", d.engine, d.engine.Explain(ctx, err))
		}
	}
	return nil
}

// tellChanged logs migrations that say something else than when they ran. It
// is no error: a build that is rolled back, or another branch, may bring them,
// and the database is as good as before.
func (d *DB) tellChanged(ctx context.Context, changed []migration) {
	for _, m := range changed {
		level, todo := slog.LevelWarn, "put the file back as it was, and the change into a new file"
		if d.conf.Env == config.Development {
			level = slog.LevelError
			todo += "; or begin again with an empty database: stop the app, " + d.engine.Removal() + ", start it"
		}
		d.logger().Log(ctx, level, m.path()+" was changed after it ran, and does not run again: this database lacks the change",
			"database", d.engine.String(), "todo", todo)
	}
}
