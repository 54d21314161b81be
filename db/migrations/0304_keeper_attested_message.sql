-- A message that an attestor has promised to sign, before its first signature: one per nonce of a bridge and one per id, for ever.
CREATE TABLE keeper_attested_message (
  -- Address in lower case, as all addresses here.
  attestor text NOT NULL,
  source_chain_id text NOT NULL,
  source_bridge text NOT NULL,
  nonce numeric(78,0) NOT NULL CHECK (nonce > 0),
  message_id text NOT NULL CHECK (message_id ~ '^0x[0-9a-f]{64}$'),
  message jsonb NOT NULL,
  first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- From then on no delivery of it is signed, under any epoch. Set by the first refund.
  refund_at timestamptz,
  PRIMARY KEY (attestor, message_id),
  UNIQUE (attestor, source_chain_id, source_bridge, nonce)
);
