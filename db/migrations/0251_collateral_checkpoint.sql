-- How far the history of a vault program was read, and which copy of the monitor writes. Locked by every transaction that writes.
CREATE TABLE collateral_checkpoint (
  -- Genesis hash of the cluster.
  chain_id text NOT NULL,
  program text NOT NULL,
  owner text NOT NULL,
  held_until timestamptz NOT NULL,
  -- Newest finalized transaction that was read; what is newer is read again. Empty: none yet.
  signature text NOT NULL DEFAULT '',
  slot bigint NOT NULL DEFAULT 0 CHECK (slot >= 0),
  PRIMARY KEY (chain_id, program)
)
