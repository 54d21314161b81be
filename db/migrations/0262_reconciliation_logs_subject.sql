CREATE INDEX reconciliation_logs_subject ON reconciliation_logs (chain_id, subject, code, id) WHERE kind <> 'pass'
