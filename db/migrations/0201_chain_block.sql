-- Blocks that have been indexed, linked by their hashes. Rows of logs refer to number and hash, and go when their block goes.
CREATE TABLE chain_block (
  chain_id text NOT NULL REFERENCES chain_checkpoint (chain_id),
  number bigint NOT NULL CHECK (number >= 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  parent_hash bytea NOT NULL CHECK (octet_length(parent_hash) = 32),
  block_time timestamptz NOT NULL,
  status text NOT NULL CHECK (status IN ('observed', 'safe', 'finalized')),
  PRIMARY KEY (chain_id, number),
  UNIQUE (chain_id, number, hash)
)
