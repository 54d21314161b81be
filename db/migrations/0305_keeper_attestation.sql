-- What an attestor signs. A row is there before its signature is made, and the signature is in it before anybody sees it.
CREATE TABLE keeper_attestation (
  attestor text NOT NULL,
  message_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('deliver', 'refund')),
  epoch numeric(78,0) NOT NULL CHECK (epoch > 0),
  -- Where the signature counts.
  chain_id text NOT NULL,
  bridge text NOT NULL,
  digest text NOT NULL CHECK (digest ~ '^0x[0-9a-f]{64}$'),
  -- The block of the other chain at which nodes agreed on what is attested.
  evidence_chain_id text NOT NULL,
  evidence_block bigint NOT NULL,
  evidence_hash text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  signature text CHECK (signature ~ '^0x[0-9a-f]{130}$'),
  -- From 1 without gaps in the order in which signatures became visible: a reader who goes on from the last one misses none.
  position bigint CHECK (position > 0),
  -- The block above is not on its chain any more; a person must look.
  unwound_at timestamptz,
  PRIMARY KEY (attestor, message_id, kind, epoch),
  UNIQUE (attestor, position),
  FOREIGN KEY (attestor, message_id) REFERENCES keeper_attested_message (attestor, message_id),
  CHECK ((signature IS NULL) = (position IS NULL))
);
