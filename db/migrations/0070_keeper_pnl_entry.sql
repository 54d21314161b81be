-- One settled transaction in the books of a keeper, or the reversal of one whose block was unwound. Never changed, never deleted.
CREATE TABLE keeper_pnl_entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id text NOT NULL,
  role text NOT NULL,
  signer text NOT NULL,
  -- Row of keeper_outbox, whose migration comes later than this one.
  outbox_id bigint NOT NULL,
  effect_key text NOT NULL,
  tx_hash text NOT NULL,
  block_number bigint NOT NULL,
  block_hash text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('final', 'reverted', 'cancelled')),
  -- How often the transaction was booked before this time.
  generation integer NOT NULL CHECK (generation >= 0),
  -- The entry that this one takes back.
  reverses bigint UNIQUE REFERENCES keeper_pnl_entry (id),
  -- What the keeper's own accounts gained, gas included, at the prices of the moment; null when an asset had no price.
  result_xau_wei numeric(78,0),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
