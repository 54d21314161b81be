-- How far a keeper that rescues positions has looked for them. What it is written in is the protocol's business.
CREATE TABLE keeper_rescue_scan (
  -- Whose: `chain:protocol`.
  book text PRIMARY KEY,
  cursor jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
