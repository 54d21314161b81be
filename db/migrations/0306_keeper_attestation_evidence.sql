CREATE INDEX keeper_attestation_evidence ON keeper_attestation (attestor, evidence_chain_id, evidence_block DESC) WHERE unwound_at IS NULL
