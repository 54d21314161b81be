CREATE INDEX keeper_pnl_entry_book ON keeper_pnl_entry (role, chain_id, at);
