-- Bytes ever signed for a row of the outbox, oldest first. Any of them may be mined at any time, so none is ever deleted.
CREATE TABLE keeper_attempt (
  outbox_id bigint NOT NULL REFERENCES keeper_outbox (id),
  ordinal integer NOT NULL CHECK (ordinal >= 0),
  -- Transaction hash, or the first signature on Solana.
  hash text NOT NULL UNIQUE,
  raw bytea NOT NULL,
  -- cancel: does nothing but use the nonce.
  kind text NOT NULL CHECK (kind IN ('intent', 'cancel')),
  -- Fees, and on Solana the last valid block height; amounts as decimal text.
  terms jsonb NOT NULL,
  -- Block in which it was signed.
  block bigint NOT NULL,
  PRIMARY KEY (outbox_id, ordinal)
);
