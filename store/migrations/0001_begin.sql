-- The words in capitals after a dollar sign stand for what differs between the databases: see dialect.go.

-- One row: what belongs to the store as a whole.
CREATE TABLE store (
	id           $INT PRIMARY KEY CHECK (id = 1),
	revision     $INT NOT NULL,
	series       $INT NOT NULL, -- the last id given to a row of usage_series
	master       $TEXT NOT NULL, -- the id of the master key; empty: there has been none
	master_check $BYTES NOT NULL -- a known text, sealed with it
) $STRICT;
INSERT INTO store (id, revision, series, master, master_check) VALUES (1, 0, 0, '', $EMPTY);

CREATE TABLE accounts (
	id       $TEXT NOT NULL PRIMARY KEY,
	name     $TEXT NOT NULL UNIQUE,
	search   $TEXT NOT NULL, -- name and id in small letters
	created  $INT NOT NULL,
	disabled $INT NOT NULL,
	limits   $TEXT NOT NULL
) $STRICT;

CREATE TABLE users (
	id            $TEXT NOT NULL PRIMARY KEY,
	account_id    $TEXT NOT NULL REFERENCES accounts (id),
	name          $TEXT NOT NULL,
	search        $TEXT NOT NULL,
	password_hash $TEXT NOT NULL,
	role          $TEXT NOT NULL,
	created       $INT NOT NULL,
	disabled      $INT NOT NULL,
	UNIQUE (account_id, name)
) $STRICT;
CREATE INDEX users_name ON users (name, id);

CREATE TABLE access_keys (
	id         $TEXT NOT NULL PRIMARY KEY,
	account_id $TEXT NOT NULL REFERENCES accounts (id),
	user_id    $TEXT REFERENCES users (id),
	name       $TEXT NOT NULL,
	search     $TEXT NOT NULL,
	policy     $TEXT NOT NULL,
	limits     $TEXT NOT NULL,
	created    $INT NOT NULL,
	expires    $INT NOT NULL,
	disabled   $INT NOT NULL,
	parent_id  $TEXT REFERENCES access_keys (id) ON DELETE CASCADE,
	token_hash $BYTES
) $STRICT;
CREATE INDEX access_keys_name ON access_keys (name, id);
CREATE INDEX access_keys_account ON access_keys (account_id, name, id);
CREATE INDEX access_keys_user ON access_keys (user_id, name, id);
CREATE INDEX access_keys_parent ON access_keys (parent_id, expires);

CREATE TABLE access_key_secrets (
	key_id  $TEXT NOT NULL REFERENCES access_keys (id) ON DELETE CASCADE,
	number  $INT NOT NULL, -- from 1; the newest has the greatest
	created $INT NOT NULL,
	expires $INT NOT NULL,
	sealed  $BYTES NOT NULL,
	PRIMARY KEY (key_id, number)
) $STRICT;

CREATE TABLE api_keys (
	id         $TEXT NOT NULL PRIMARY KEY,
	account_id $TEXT NOT NULL REFERENCES accounts (id),
	user_id    $TEXT REFERENCES users (id),
	name       $TEXT NOT NULL,
	search     $TEXT NOT NULL,
	prefix     $TEXT NOT NULL,
	hash       $BYTES NOT NULL UNIQUE,
	limits     $TEXT NOT NULL,
	created    $INT NOT NULL,
	expires    $INT NOT NULL,
	disabled   $INT NOT NULL,
	models     $TEXT NOT NULL,
	operations $TEXT NOT NULL,
	origins    $TEXT NOT NULL
) $STRICT;
CREATE INDEX api_keys_name ON api_keys (name, id);
CREATE INDEX api_keys_account ON api_keys (account_id, name, id);
CREATE INDEX api_keys_user ON api_keys (user_id, name, id);
CREATE INDEX api_keys_prefix ON api_keys (prefix);

CREATE TABLE admin_tokens (
	id       $TEXT NOT NULL PRIMARY KEY,
	name     $TEXT NOT NULL,
	hash     $BYTES NOT NULL UNIQUE,
	role     $TEXT NOT NULL,
	created  $INT NOT NULL,
	expires  $INT NOT NULL,
	disabled $INT NOT NULL
) $STRICT;
CREATE INDEX admin_tokens_name ON admin_tokens (name, id);

-- Apart from the keys, so that serving does not wait for administrators nor they for serving.
CREATE TABLE last_used (
	id $TEXT NOT NULL PRIMARY KEY, -- of an access key or an API key
	at $INT NOT NULL
) $STRICT;

CREATE TABLE resources (
	account_id $TEXT NOT NULL REFERENCES accounts (id),
	kind       $TEXT NOT NULL,
	name       $TEXT NOT NULL,
	search     $TEXT NOT NULL,
	language   $TEXT NOT NULL,
	state      $TEXT NOT NULL,
	failure    $TEXT NOT NULL,
	source     $TEXT NOT NULL,
	created    $INT NOT NULL,
	modified   $INT NOT NULL,
	tags       $TEXT NOT NULL,
	content    $BYTES NOT NULL,
	PRIMARY KEY (account_id, kind, name)
) $STRICT;
CREATE INDEX resources_state ON resources (state);

-- The last sequence of each session, so that nothing counts twice.
CREATE TABLE usage_sessions (
	session  $TEXT NOT NULL PRIMARY KEY,
	sequence $INT NOT NULL,
	at       $INT NOT NULL
) $STRICT;
CREATE INDEX usage_sessions_at ON usage_sessions (at);

-- What sums are kept of: of everything (level 0), by account (1), by key (2); the columns that do not count are empty.
CREATE TABLE usage_series (
	id         $INT NOT NULL PRIMARY KEY,
	name       $TEXT NOT NULL UNIQUE, -- all that follows, as one text
	level      $INT NOT NULL,
	account_id $TEXT NOT NULL,
	key_id     $TEXT NOT NULL,
	model      $TEXT NOT NULL,
	protocol   $TEXT NOT NULL,
	language   $TEXT NOT NULL
) $STRICT;
CREATE INDEX usage_series_level ON usage_series (level);
CREATE INDEX usage_series_account ON usage_series (account_id, level);
CREATE INDEX usage_series_key ON usage_series (key_id, level);

-- Whoever asks wants few series over a long time, or many over a few long periods: what belongs to a series stands together.
CREATE TABLE usage_sums (
	series   $INT NOT NULL REFERENCES usage_series (id),
	period   $INT NOT NULL, -- 1 hour, 2 day, 3 month
	start    $INT NOT NULL, -- in hours since 1970
	audio    $INT NOT NULL, -- microseconds
	streams  $INT NOT NULL,
	requests $INT NOT NULL,
	errors   $INT NOT NULL,
	PRIMARY KEY (series, period, start)
) $CLUSTERED;

CREATE TABLE prices (
	model      $TEXT NOT NULL PRIMARY KEY,
	per_minute $INT NOT NULL,
	currency   $TEXT NOT NULL
) $STRICT;

CREATE TABLE audit (
	revision $INT NOT NULL PRIMARY KEY,
	at       $INT NOT NULL,
	actor    $TEXT NOT NULL,
	remote   $TEXT NOT NULL,
	action   $TEXT NOT NULL,
	kind     $TEXT NOT NULL,
	target   $TEXT NOT NULL,
	account  $TEXT NOT NULL,
	detail   $TEXT NOT NULL
) $STRICT;
CREATE INDEX audit_target ON audit (kind, target, revision);
CREATE INDEX audit_account ON audit (account, revision);
