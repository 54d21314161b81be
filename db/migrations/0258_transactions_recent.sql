CREATE INDEX transactions_recent ON transactions (chain_id, block_time)
