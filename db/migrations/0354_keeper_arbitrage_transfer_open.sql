CREATE INDEX keeper_arbitrage_transfer_open ON keeper_arbitrage_transfer (book) WHERE closed_as IS NULL
