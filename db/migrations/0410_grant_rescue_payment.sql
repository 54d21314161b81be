GRANT SELECT, INSERT ON keeper_rescue_payment TO keeper_rw
