-- A swap of a token for the coin that gas is paid with, written before anything is approved or sent for it, never deleted. What became of
-- its transactions is said by the rows of keeper_outbox under its keys. Base units of the token.
CREATE TABLE keeper_swap (
  book text NOT NULL,
  -- Lower case.
  account text NOT NULL CHECK (account ~ '^0x[0-9a-f]{40}$'),
  -- The n-th swap of this account, without gaps: the name of the effect.
  ordinal bigint NOT NULL CHECK (ordinal > 0),
  -- What is sold, lower case, and how much of it.
  token text NOT NULL CHECK (token ~ '^0x[0-9a-f]{40}$'),
  amount_units numeric(78,0) NOT NULL CHECK (amount_units > 0),
  began_block bigint NOT NULL,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- swapped: the coins are there. failed: the chain refused it. cancelled: its nonce was freed. given-up: it was never sent, and is not
  -- wanted any more.
  ended_as text CHECK (ended_as IN ('swapped', 'failed', 'cancelled', 'given-up')),
  ended_at timestamptz,
  PRIMARY KEY (book, account, ordinal),
  CHECK ((ended_as IS NULL) = (ended_at IS NULL))
);
