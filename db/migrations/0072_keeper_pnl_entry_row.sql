CREATE INDEX keeper_pnl_entry_row ON keeper_pnl_entry (outbox_id);
