-- A rescue of a position, written before its transactions are, never deleted. What became of them is said by the rows of keeper_outbox
-- under its keys. Base units, wei, unix seconds of the chain.
CREATE TABLE keeper_rescue (
  book text NOT NULL,
  -- Lower case.
  account text NOT NULL CHECK (account ~ '^0x[0-9a-f]{40}$'),
  position text NOT NULL,
  -- The n-th rescue of the position by this account, without gaps: the name of the effect.
  ordinal bigint NOT NULL CHECK (ordinal > 0),
  effect text NOT NULL CHECK (effect IN ('rescue', 'call-and-rescue')),
  -- What the position was when it was decided.
  stage text NOT NULL CHECK (stage IN ('open', 'called')),
  -- Transactions, approvals not counted; they are done in order.
  steps integer NOT NULL CHECK (steps > 0),
  cost_units numeric(78,0) NOT NULL CHECK (cost_units >= 0),
  -- Who takes the cost; null: nobody needs an approval.
  spender text,
  -- Of all steps together.
  gas_limit numeric(78,0) NOT NULL CHECK (gas_limit > 0),
  follow_up_gas numeric(78,0) NOT NULL CHECK (follow_up_gas >= 0),
  -- What was at stake.
  stake_wei numeric(78,0) NOT NULL CHECK (stake_wei >= 0),
  deadline bigint,
  began_block bigint NOT NULL,
  -- dropped: never sent. rescued: by us. by-another: somebody else was faster. lost: liquidated. failed: refused by the chain.
  -- cancelled: its nonce was freed.
  ended_as text CHECK (ended_as IN ('dropped', 'rescued', 'by-another', 'lost', 'failed', 'cancelled')),
  ended_at timestamptz,
  PRIMARY KEY (book, account, position, ordinal),
  CHECK ((ended_as IS NULL) = (ended_at IS NULL))
);
