GRANT UPDATE (dropped_at) ON keeper_arbitrage_leg TO keeper_rw
