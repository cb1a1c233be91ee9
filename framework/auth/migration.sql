-- +goose Up
CREATE TABLE auth_limit (
	name     TEXT   NOT NULL PRIMARY KEY, -- digest of an account or an address
	attempts BIGINT NOT NULL,
	ends     BIGINT NOT NULL -- Unix seconds
);
CREATE INDEX auth_limit_ends ON auth_limit (ends);

CREATE TABLE auth_session (
	id    TEXT   NOT NULL PRIMARY KEY, -- digest of the cookie
	owner TEXT   NOT NULL,             -- id of the user, '' for a visitor
	data  TEXT   NOT NULL,             -- JSON
	agent TEXT   NOT NULL,             -- User-Agent of the browser
	begun BIGINT NOT NULL,             -- Unix seconds, as the two below
	seen  BIGINT NOT NULL,
	ends  BIGINT NOT NULL
);
CREATE INDEX auth_session_owner ON auth_session (owner);
CREATE INDEX auth_session_ends ON auth_session (ends);

-- +goose Down
DROP TABLE auth_session;
DROP TABLE auth_limit;
