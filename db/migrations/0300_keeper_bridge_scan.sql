-- How far a bridge's events have been read. What they say are hints: nothing is signed before nodes agree on it again.
CREATE TABLE keeper_bridge_scan (
  chain_id text NOT NULL,
  bridge text NOT NULL,
  -- Everything below has been read, so deep that it is not read again.
  next_block bigint NOT NULL CHECK (next_block >= 0),
  -- Every message up to this nonce is known: none was left out.
  complete_nonce numeric(78,0) NOT NULL CHECK (complete_nonce >= 0),
  PRIMARY KEY (chain_id, bridge)
);
