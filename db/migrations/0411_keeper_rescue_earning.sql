-- A transaction that brings what a rescue has earned, written before it is sent, never deleted: the claim of a bounty, the payout of what
-- was booked, the recovery of what a rescue that failed gave back. What became of it is said by the row of keeper_outbox under its key.
CREATE TABLE keeper_rescue_earning (
  book text NOT NULL,
  -- Lower case.
  account text NOT NULL CHECK (account ~ '^0x[0-9a-f]{40}$'),
  kind text NOT NULL CHECK (kind IN ('claim', 'collect', 'recover')),
  -- The position of a claim, else the contract that holds the amount; lower case.
  about text NOT NULL,
  -- The n-th of its kind, without gaps: the name of the effect.
  ordinal bigint NOT NULL CHECK (ordinal > 0),
  -- What it was to bring when it was decided: wei, of a recovery base units of the token.
  amount numeric(78,0) NOT NULL CHECK (amount > 0),
  began_block bigint NOT NULL,
  -- dropped: never sent. done: by us. by-another: somebody else did it for us, which brings the same. void: there is nothing to bring any
  -- more. refused: by the chain, although it is still due. cancelled: its nonce was freed.
  ended_as text CHECK (ended_as IN ('dropped', 'done', 'by-another', 'void', 'refused', 'cancelled')),
  ended_at timestamptz,
  PRIMARY KEY (book, account, kind, about, ordinal),
  CHECK ((ended_as IS NULL) = (ended_at IS NULL)),
  -- Nothing is asked for twice at a time.
  CONSTRAINT keeper_rescue_earning_open EXCLUDE (book WITH =, account WITH =, kind WITH =, about WITH =)
    WHERE (ended_as IS NULL)
);
