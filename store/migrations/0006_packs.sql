-- What all keys, or all accounts, have used in a day or month that is over, in one piece: see usagepack.go. It follows from usage_sums, and is in no backup.
CREATE TABLE usage_packs (
	level    $INT NOT NULL, -- 1 accounts, 2 keys
	period   $INT NOT NULL, -- 2 day, 3 month
	start    $INT NOT NULL,
	audio    $INT NOT NULL, -- this and the next three: what the whole server had used in that time when the piece was made
	streams  $INT NOT NULL,
	requests $INT NOT NULL,
	errors   $INT NOT NULL,
	content  $BYTES NOT NULL,
	PRIMARY KEY (level, period, start)
) $STRICT;

-- The condition is one that no query has but those that the index is for, so that no database ever takes it for others: see usagewide.go.
DROP INDEX usage_wide;
CREATE INDEX usage_wide ON usage_sums (period, start, series, audio, streams, requests, errors) WHERE period + 0 > 1;
