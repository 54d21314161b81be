GRANT SELECT, INSERT ON keeper_pnl_entry, keeper_pnl_posting TO keeper_rw
