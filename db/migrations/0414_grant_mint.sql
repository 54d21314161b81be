GRANT SELECT, INSERT ON keeper_mint TO keeper_rw
