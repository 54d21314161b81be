-- A trade between two chains, written together with both of its legs before the first of them is sent, never deleted.
CREATE TABLE keeper_arbitrage_trade (
  -- Whose books: `account:chain:chain`, the account in lower case, the smaller chain id first.
  book text NOT NULL,
  pair text NOT NULL,
  -- The n-th trade of the pair, without gaps: the name of the effect.
  ordinal bigint NOT NULL CHECK (ordinal > 0),
  purpose text NOT NULL CHECK (purpose IN ('gain', 'defence')),
  -- By quotes, when it was decided.
  expected_xau_wei numeric(78,0) NOT NULL,
  spread_rate numeric(78,0) NOT NULL,
  -- Chain time, unix seconds.
  began_at bigint NOT NULL,
  -- Nothing is left to do about it, and what its legs did is final.
  closed_at timestamptz,
  PRIMARY KEY (book, pair, ordinal)
);
