-- Who is signed in to the console. These tables are in no backup: a store that is restored lets nobody in by what was open once.
CREATE TABLE console_sessions (
	hash    $BYTES NOT NULL PRIMARY KEY, -- SHA-256 of what the browser sends
	id      $TEXT NOT NULL UNIQUE, -- for the audit log
	kind    $TEXT NOT NULL, -- user, token or link
	owner   $TEXT NOT NULL, -- whose sessions are counted together
	user_id $TEXT REFERENCES users (id) ON DELETE CASCADE,
	token   $TEXT NOT NULL, -- the id of an administrator's token; empty: none, or that of the data folder
	basis   $BYTES NOT NULL, -- a hash of the token of the data folder, as it was then
	name    $TEXT NOT NULL, -- as in the audit log
	role    $TEXT NOT NULL,
	remote  $TEXT NOT NULL,
	created $INT NOT NULL,
	seen    $INT NOT NULL,
	expires $INT NOT NULL
) $STRICT;
CREATE INDEX console_sessions_owner ON console_sessions (owner, created);
CREATE INDEX console_sessions_user ON console_sessions (user_id);
CREATE INDEX console_sessions_expires ON console_sessions (expires);

-- Links that sign in once.
CREATE TABLE console_links (
	hash    $BYTES NOT NULL PRIMARY KEY,
	id      $TEXT NOT NULL UNIQUE,
	role    $TEXT NOT NULL,
	created $INT NOT NULL,
	expires $INT NOT NULL
) $STRICT;
