-- +goose Up
CREATE TABLE note (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    text    TEXT NOT NULL,
    created TIMESTAMP NOT NULL
);
CREATE INDEX note_created ON note (created DESC, id DESC);

-- +goose Down
DROP TABLE note;
