GRANT UPDATE (cursor, at) ON keeper_rescue_scan TO keeper_rw
