GRANT SELECT, INSERT, UPDATE ON keeper_bridge_scan, keeper_bridge_event, keeper_attested_message, keeper_attestation TO keeper_rw
