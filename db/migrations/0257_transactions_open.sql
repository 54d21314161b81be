CREATE INDEX transactions_open ON transactions (chain_id, slot) WHERE status <> 'finalized'
