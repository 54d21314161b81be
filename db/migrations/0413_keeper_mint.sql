-- A token that is minted from bitcoin, written before the deposit for it is opened, never deleted. What became of its transactions is said
-- by the rows of keeper_outbox under its keys. Satoshis, wei.
CREATE TABLE keeper_mint (
  book text NOT NULL,
  -- Lower case.
  account text NOT NULL CHECK (account ~ '^0x[0-9a-f]{40}$'),
  -- The n-th mint of this account, without gaps: the name of the effect.
  ordinal bigint NOT NULL CHECK (ordinal > 0),
  lot_sat numeric(78,0) NOT NULL CHECK (lot_sat > 0),
  -- What opening the deposit costs.
  creation_fee_wei numeric(78,0) NOT NULL CHECK (creation_fee_wei >= 0),
  began_block bigint NOT NULL,
  -- Address, lower case; known once its opening is final.
  deposit text CHECK (deposit ~ '^0x[0-9a-f]{40}$'),
  -- The one payment to the deposit, signed, written before anybody is told of it.
  funding_txid text CHECK (funding_txid ~ '^[0-9a-f]{64}$'),
  funding_raw text CHECK (funding_raw ~ '^([0-9a-f]{2})+$'),
  funding_fee_sat numeric(78,0) CHECK (funding_fee_sat > 0),
  -- `txid:index` of every coin that it spends.
  funding_coins text[],
  funded_at timestamptz,
  -- dropped: never sent. minted: TBTC is there. setup-failed: the signers made no key. unfunded: no bitcoin was sent in time.
  -- fraud: the signers were caught before the funding was proven. aborted: bitcoin was sent and not proven; its return was asked for.
  -- closed: the deposit ended otherwise after its funding. failed: the chain refused its opening. cancelled: its nonce was freed.
  ended_as text CHECK (
    ended_as IN ('dropped', 'minted', 'setup-failed', 'unfunded', 'fraud', 'aborted', 'closed', 'failed', 'cancelled')
  ),
  ended_at timestamptz,
  PRIMARY KEY (book, account, ordinal),
  UNIQUE (book, account, deposit),
  CHECK ((ended_as IS NULL) = (ended_at IS NULL)),
  -- Nothing is paid to a deposit that is not known, and a payment is known whole or not at all.
  CHECK (funding_txid IS NULL OR deposit IS NOT NULL),
  CHECK (num_nulls(funding_txid, funding_raw, funding_fee_sat, funding_coins, funded_at) IN (0, 5))
);
