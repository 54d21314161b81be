-- One at a time.
CREATE UNIQUE INDEX keeper_swap_open ON keeper_swap (book, account) WHERE ended_as IS NULL;
