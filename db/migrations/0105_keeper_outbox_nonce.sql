CREATE UNIQUE INDEX keeper_outbox_nonce ON keeper_outbox (chain_id, signer, nonce);
