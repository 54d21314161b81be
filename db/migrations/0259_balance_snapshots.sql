-- Balances at finalized slots: whenever one had changed. Base units of the mint.
CREATE TABLE balance_snapshots (
  chain_id text NOT NULL,
  balance text NOT NULL,
  slot bigint NOT NULL CHECK (slot >= 0),
  vault text NOT NULL,
  mint text NOT NULL,
  total numeric(78, 0) NOT NULL CHECK (total >= 0),
  locked numeric(78, 0) NOT NULL CHECK (locked >= 0),
  -- Sum of what programs have locked of it.
  program_locked numeric(78, 0) NOT NULL CHECK (program_locked >= 0),
  -- What its token account holds; null when there is none.
  held numeric(78, 0) CHECK (held >= 0),
  -- Counts the money events of the balance.
  seq_num bigint NOT NULL CHECK (seq_num >= 0),
  is_closed boolean NOT NULL DEFAULT false,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (chain_id, balance, slot)
)
