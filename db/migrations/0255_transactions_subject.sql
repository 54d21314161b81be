CREATE INDEX transactions_subject ON transactions (chain_id, subject, seq_num)
