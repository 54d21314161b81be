GRANT SELECT, INSERT, UPDATE ON keeper_control TO keeper_rw
