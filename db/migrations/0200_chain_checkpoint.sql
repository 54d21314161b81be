-- How far a chain has been indexed. Locked by whoever writes blocks, so that several indexers may run.
CREATE TABLE chain_checkpoint (
  chain_id text PRIMARY KEY,
  next_block bigint NOT NULL CHECK (next_block >= 0)
)
