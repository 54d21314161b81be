-- Changes of rules and roles, and activity that is out of the ordinary. What a dropped fork took back is followed by a row 'withdrawn'.
CREATE TABLE audit_trail (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id text NOT NULL,
  signature text NOT NULL,
  slot bigint NOT NULL CHECK (slot >= 0),
  kind text NOT NULL,
  -- Address that it is about: a vault, a balance, a program, a mint.
  subject text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  -- Whether the transaction was finalized when this was written.
  is_final boolean NOT NULL,
  -- Canonical JSON.
  facts text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
)
