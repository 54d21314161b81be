-- 'accepted': a person takes the account as it is, and what was found of it at that time; the next pass resolves it.
ALTER TABLE reconciliation_logs DROP CONSTRAINT reconciliation_logs_kind_check,
  ADD CONSTRAINT reconciliation_logs_kind_check CHECK (kind IN ('pass', 'opened', 'accepted', 'resolved'))
