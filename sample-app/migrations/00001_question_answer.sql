-- +goose Up
CREATE TABLE question (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    subject     TEXT NOT NULL,
    content     TEXT NOT NULL,
    create_date TIMESTAMP NOT NULL
);
CREATE INDEX question_create_date ON question (create_date DESC, id DESC);

CREATE TABLE answer (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    question_id INTEGER NOT NULL REFERENCES question (id) ON DELETE CASCADE,
    content     TEXT NOT NULL,
    create_date TIMESTAMP NOT NULL
);
CREATE INDEX answer_question ON answer (question_id, create_date, id);

-- +goose Down
DROP TABLE answer;
DROP TABLE question;
