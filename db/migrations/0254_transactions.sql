-- Events of a collateral vault program, one row for each account whose state an event tells: a transfer has two.
CREATE TABLE transactions (
  chain_id text NOT NULL,
  signature text NOT NULL,
  event_index integer NOT NULL CHECK (event_index >= 0),
  -- The account that counts the event: a balance, a vault, the program's configuration, a listed program, a multi-sig.
  subject text NOT NULL,
  -- Its count; null for events that are not counted.
  seq_num bigint,
  slot bigint NOT NULL CHECK (slot >= 0),
  -- Unix seconds as the cluster counts; null where the node does not know.
  block_time bigint,
  kind text NOT NULL,
  vault text,
  mint text,
  program text,
  -- Base units of the mint that the subject gained or gave; null for settings.
  amount numeric(78, 0) CHECK (amount >= 0),
  -- Ledger of the balance after it, base units; null for settings.
  total numeric(78, 0) CHECK (total >= 0),
  locked numeric(78, 0) CHECK (locked >= 0),
  -- Everything that the event says, canonical JSON.
  body text NOT NULL,
  -- confirmed rows go when their fork is dropped; finalized rows stay.
  status text NOT NULL CHECK (status IN ('confirmed', 'finalized')),
  PRIMARY KEY (chain_id, signature, event_index, subject),
  CHECK ((total IS NULL) = (locked IS NULL)),
  CHECK (locked <= total)
)
