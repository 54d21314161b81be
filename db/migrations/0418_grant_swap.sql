GRANT SELECT, INSERT ON keeper_swap TO keeper_rw
