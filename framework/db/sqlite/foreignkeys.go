package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ForeignKeyError lists rows that refer to rows which do not exist. A
// migration that leaves any is rolled back.
type ForeignKeyError struct {
	// Rows are such as "row 7 of answer refers by question_id to question".
	Rows []string
	// More is set when there are more than those.
	More bool
}

func (e *ForeignKeyError) Error() string {
	text := "it leaves rows that refer to nothing: " + strings.Join(e.Rows, "; ")
	if e.More {
		text += "; and more"
	}
	return text
}

// AfterStatements says that the error is about the state that all statements
// left, not about the last of them.
func (e *ForeignKeyError) AfterStatements() bool { return true }

// violations is the number of rows that an error names at most.
const violations = 10

// checkForeignKeys looks at every reference in the database, in the running
// transaction.
func (c *conn) checkForeignKeys() error {
	rows, err := c.SQLiteConn.Query(`SELECT c."table", c."rowid", c.parent, group_concat(f."from", ', ')
		FROM pragma_foreign_key_check AS c
		LEFT JOIN pragma_foreign_key_list(c."table") AS f ON f.id = c.fkid
		GROUP BY c."table", c."rowid", c.fkid
		LIMIT `+fmt.Sprint(violations+1), nil)
	if err != nil {
		return fmt.Errorf("check foreign keys: %w", err)
	}
	defer rows.Close()
	found := &ForeignKeyError{}
	for {
		row := make([]driver.Value, 4)
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("check foreign keys: %w", err)
		}
		if len(found.Rows) == violations {
			found.More = true
			break
		}
		found.Rows = append(found.Rows, violation(row[0], row[1], row[2], row[3]))
	}
	if len(found.Rows) == 0 {
		return nil
	}
	return found
}

func violation(table, rowid, parent, column any) string {
	if rowid == nil { // WITHOUT ROWID
		return fmt.Sprintf("a row of %v refers by %v to %v", table, column, parent)
	}
	return fmt.Sprintf("row %v of %v refers by %v to %v", rowid, table, column, parent)
}
