CREATE INDEX keeper_arbitrage_trade_open ON keeper_arbitrage_trade (book) WHERE closed_at IS NULL
