-- Every policy that a role has ever worked under on a chain; the newest is in force. Rows are only added.
CREATE TABLE keeper_policy (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  role text NOT NULL,
  chain_id text NOT NULL,
  policy_hash text NOT NULL,
  -- Its canonical JSON, as text: the hash is over these very bytes.
  policy text NOT NULL,
  -- first: there was none before. local: a chain of this machine. named: an operator has given its hash.
  accepted text NOT NULL CHECK (accepted IN ('first', 'local', 'named')),
  accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The row that it took the place of, 0 for the first: each is followed by one, whoever starts at the same time.
  replaces bigint NOT NULL,
  UNIQUE (role, chain_id, replaces)
);
