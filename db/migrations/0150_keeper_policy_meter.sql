-- What a role's key may still use of one thing on one chain: calls of a rule in an hour, base units of an asset in a day. Drawn from in
-- the transaction that stores the bytes which use it.
CREATE TABLE keeper_policy_meter (
  role text NOT NULL,
  chain_id text NOT NULL,
  meter text NOT NULL,
  -- Units times microseconds of the meter's window, so that refilling never rounds.
  level numeric(78, 0) NOT NULL CHECK (level >= 0),
  -- When that was the level: microseconds since 1970, this server's clock.
  at_us bigint NOT NULL,
  PRIMARY KEY (role, chain_id, meter)
);
