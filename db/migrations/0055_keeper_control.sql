-- What a keeper may do now. run: everything. pause: nothing new. drain: nothing new, and the process ends when nothing is in flight.
-- kill: nothing new and nothing replaced. Whoever signs reads this row in the same transaction.
CREATE TABLE keeper_control (
  role text NOT NULL,
  network text NOT NULL,
  state text NOT NULL CHECK (state IN ('run', 'pause', 'drain', 'kill')),
  reason text NOT NULL CHECK (reason ~ '[^[:space:]]'),
  actor text NOT NULL CHECK (actor ~ '[^[:space:]]'),
  -- automatic: a condition that the keeper watches; it may end by itself, except a kill.
  cause text NOT NULL CHECK (cause IN ('operator', 'automatic')),
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (role, network)
);
