-- Signed bytes are nobody's business but the keepers'.
GRANT SELECT ON keeper_lease, keeper_signer, keeper_outbox, keeper_job TO api_ro
