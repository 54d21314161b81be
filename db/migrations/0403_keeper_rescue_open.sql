-- No position is rescued twice at a time.
CREATE UNIQUE INDEX keeper_rescue_open ON keeper_rescue (book, account, position) WHERE ended_as IS NULL
