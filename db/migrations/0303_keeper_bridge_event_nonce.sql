CREATE INDEX keeper_bridge_event_nonce ON keeper_bridge_event (chain_id, bridge, nonce) WHERE kind = 'sent'
