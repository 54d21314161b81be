GRANT SELECT, INSERT ON keeper_arbitrage_trade, keeper_arbitrage_leg, keeper_arbitrage_transfer TO keeper_rw
