-- What changed last of what keys depend on. Vocabularies and other resources do not count: their owners change them as often as they like.
ALTER TABLE store ADD COLUMN keys_revision $INT NOT NULL DEFAULT 0;
UPDATE store SET keys_revision = revision;

-- What the audit log is asked for, and what is removed from it.
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_actor ON audit (actor, revision);
CREATE INDEX audit_action ON audit (action, revision);

-- What all keys have used in a day or a month stands together for who asks about all of them: see usagewide.go.
CREATE INDEX usage_wide ON usage_sums (period, start, series, audio, streams, requests, errors) WHERE period > 1;
