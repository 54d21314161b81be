CREATE INDEX transactions_vault ON transactions (chain_id, vault, slot)
