-- A sale of a trade. What became of it is said by the row of keeper_outbox under its key, and by nothing else. Base units.
CREATE TABLE keeper_arbitrage_leg (
  book text NOT NULL,
  pair text NOT NULL,
  ordinal bigint NOT NULL,
  -- 0: buys base where it is cheap. 1: sells it where it is dear. From 2 on: sales that complete or unwind the trade.
  position integer NOT NULL CHECK (position >= 0),
  way text CHECK (way IN ('complete', 'unwind')),
  effect_key text NOT NULL,
  chain_id text NOT NULL,
  pool text NOT NULL,
  sell_base boolean NOT NULL,
  token_in text NOT NULL,
  token_out text NOT NULL,
  -- Address of what is paid out, lower case: names its asset in the books.
  asset_out text NOT NULL CHECK (asset_out ~ '^0x[0-9a-f]{40}$'),
  amount_in numeric(78,0) NOT NULL CHECK (amount_in > 0),
  min_out numeric(78,0) NOT NULL CHECK (min_out >= 0),
  -- The contract refuses it from then on; unix seconds of its chain.
  deadline bigint NOT NULL,
  -- It never got a row in the outbox, and never will.
  dropped_at timestamptz,
  PRIMARY KEY (book, pair, ordinal, position),
  UNIQUE (book, effect_key),
  FOREIGN KEY (book, pair, ordinal) REFERENCES keeper_arbitrage_trade (book, pair, ordinal),
  CHECK ((position < 2) = (way IS NULL))
);
