-- What passes over all accounts found. 'pass': figures of one pass. 'opened' and 'resolved': a discrepancy was found, and is no more.
CREATE TABLE reconciliation_logs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id text NOT NULL,
  -- Finalized slot at which the accounts were read.
  slot bigint NOT NULL CHECK (slot >= 0),
  kind text NOT NULL CHECK (kind IN ('pass', 'opened', 'resolved')),
  -- Which rule, such as locked-above-total; empty for a pass.
  code text NOT NULL,
  -- Address of the account; empty for a pass.
  subject text NOT NULL,
  -- Canonical JSON: what was found and expected, or the figures of the pass.
  facts text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
)
