GRANT SELECT, INSERT ON keeper_rescue_scan, keeper_rescue_position, keeper_rescue TO keeper_rw
