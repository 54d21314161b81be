-- What a keeper loads when it starts.
create index keeper_outbox_open on keeper_outbox (chain_id, signer, id) where state in ('assigned', 'signed', 'mined');
