-- Inventory on its way through the bridge, written before it is sent, never deleted. Base units.
CREATE TABLE keeper_arbitrage_transfer (
  book text NOT NULL,
  token text NOT NULL,
  from_chain text NOT NULL,
  to_chain text NOT NULL,
  -- The n-th transfer of the token in this direction, without gaps.
  ordinal bigint NOT NULL CHECK (ordinal > 0),
  effect_key text NOT NULL,
  amount_units numeric(78,0) NOT NULL CHECK (amount_units > 0),
  max_fee_units numeric(78,0) NOT NULL CHECK (max_fee_units >= 0),
  deadline bigint NOT NULL,
  -- Of the bridge, once the sending transaction is final.
  message_id text CHECK (message_id ~ '^0x[0-9a-f]{64}$'),
  -- dropped: never sent. failed: the chain refused it. The others are the ends of its message.
  closed_as text CHECK (closed_as IN ('dropped', 'failed', 'delivered', 'refunded')),
  PRIMARY KEY (book, token, from_chain, to_chain, ordinal),
  UNIQUE (book, effect_key),
  CHECK (from_chain <> to_chain),
  CHECK ((closed_as IN ('delivered', 'refunded')) IS NOT TRUE OR message_id IS NOT NULL)
);
