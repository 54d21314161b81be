CREATE INDEX balance_snapshots_vault ON balance_snapshots (chain_id, vault, slot)
