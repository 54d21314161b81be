create unique index keeper_outbox_nonce on keeper_outbox (chain_id, signer, nonce);
