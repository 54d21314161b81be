-- What settles a rescue on another chain, written down before anybody there hears of it, so that whoever follows a process that died hands
-- the same bytes over again. Who leads proves it in the same transaction.
CREATE TABLE keeper_rescue_payment (
  -- Whose: `chain:protocol`.
  book text NOT NULL,
  -- Lower case.
  account text NOT NULL CHECK (account ~ '^0x[0-9a-f]{40}$'),
  position text NOT NULL,
  -- By which it is known there.
  id text NOT NULL CHECK (id ~ '^[0-9a-f]{64}$'),
  -- payment: what the protocol's signers have signed. child: spends its output to pay for both.
  kind text NOT NULL CHECK (kind IN ('payment', 'child')),
  -- Id of what it spends: of a child its parent.
  spends text NOT NULL CHECK (spends ~ '^[0-9a-f]{64}$'),
  raw bytea NOT NULL,
  -- Rises: the newest child replaces those before it.
  ordinal bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (book, account, id)
);
