-- Every state that a keeper was ever in; written by a trigger, so that there is no change without a trace.
CREATE TABLE keeper_control_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  role text NOT NULL,
  network text NOT NULL,
  state_before text,
  state text NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  cause text NOT NULL,
  at timestamptz NOT NULL
);
