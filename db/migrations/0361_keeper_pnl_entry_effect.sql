-- What an effect has gained or lost is found by its key.
CREATE INDEX keeper_pnl_entry_effect ON keeper_pnl_entry (chain_id, role, effect_key)
