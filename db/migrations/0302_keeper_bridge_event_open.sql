CREATE INDEX keeper_bridge_event_open ON keeper_bridge_event (chain_id, bridge, nonce) WHERE kind = 'sent' AND closed_as IS NULL
