-- What a keeper loads when it starts.
CREATE INDEX keeper_outbox_open ON keeper_outbox (chain_id, signer, id) WHERE state IN ('assigned', 'signed', 'mined');
