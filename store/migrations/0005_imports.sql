-- The keys of files that the store has taken over at some time, so that one that is deleted here does not come back.
CREATE TABLE imports (
	name $TEXT NOT NULL PRIMARY KEY, -- the id of an access key, or the SHA-256 of an API key in hexadecimal
	at   $INT NOT NULL
) $CLUSTERED;
-- Only servers that take keys over make any in their own name.
INSERT INTO imports (name, at) SELECT target, MIN(at) FROM audit WHERE actor = 'server' AND action = 'create' AND kind = 'access-key' GROUP BY target;
