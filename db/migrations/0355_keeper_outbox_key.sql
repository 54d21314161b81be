-- All rows that an effect ever had, ended ones too: who follows an effect by its key finds them here.
CREATE INDEX keeper_outbox_key ON keeper_outbox (chain_id, role, effect_key)
