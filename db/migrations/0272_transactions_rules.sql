CREATE INDEX transactions_rules ON transactions (chain_id, vault, slot DESC, seq_num DESC) WHERE kind = 'securityConfigSet'
