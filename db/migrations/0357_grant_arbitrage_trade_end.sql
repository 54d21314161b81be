-- What was decided never changes; only its end is added.
GRANT UPDATE (closed_at) ON keeper_arbitrage_trade TO keeper_rw
