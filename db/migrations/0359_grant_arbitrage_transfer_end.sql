GRANT UPDATE (message_id, closed_as) ON keeper_arbitrage_transfer TO keeper_rw
