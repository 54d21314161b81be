GRANT SELECT ON keeper_pnl_entry, keeper_pnl_posting TO api_ro
