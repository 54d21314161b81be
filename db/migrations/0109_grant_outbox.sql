GRANT SELECT, INSERT, UPDATE ON keeper_lease, keeper_signer, keeper_outbox, keeper_attempt, keeper_job TO keeper_rw
