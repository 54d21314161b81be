CREATE INDEX audit_trail_subject ON audit_trail (chain_id, subject, id)
