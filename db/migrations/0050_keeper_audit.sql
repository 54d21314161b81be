-- What a keeper decided, did and was told, in an order that nobody can change afterwards without being noticed: each row's hash covers
-- the one before it. Only ever inserted; see the triggers.
CREATE TABLE keeper_audit (
  -- Keeper and network; each has a chain of its own.
  stream text NOT NULL CHECK (stream ~ '^[^[:cntrl:]]+$'),
  -- From 1 without gaps. This and the columns below are set by the database.
  sequence bigint NOT NULL CHECK (sequence > 0),
  at timestamptz NOT NULL,
  kind text NOT NULL CHECK (kind ~ '^[a-z0-9][a-z0-9.:-]*$'),
  block bigint,
  -- Canonical JSON; text, because its bytes are hashed.
  body text NOT NULL,
  -- SHA-256 in hex; 64 zeros before the first row.
  previous_hash text NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (stream, sequence)
);
