-- Everybody may ask for the signatures of one message, whoever made them.
CREATE INDEX keeper_attestation_message ON keeper_attestation (message_id)
