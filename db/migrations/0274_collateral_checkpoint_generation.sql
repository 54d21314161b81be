-- Rises whenever another copy begins to write, and when one begins anew: what a copy remembers is of one generation.
ALTER TABLE collateral_checkpoint ADD COLUMN generation bigint NOT NULL DEFAULT 1
