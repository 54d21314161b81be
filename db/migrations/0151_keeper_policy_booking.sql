-- What was booked for a call of an effect. Better paid bytes for the same call book the difference, and no other call passes as them.
CREATE TABLE keeper_policy_booking (
  role text NOT NULL,
  chain_id text NOT NULL,
  effect_key text NOT NULL,
  -- keccak256 of target, value and calldata.
  call_hash text NOT NULL,
  -- The most of the chain's coin that it can cost, value included, wei.
  cost_wei numeric(78, 0) NOT NULL CHECK (cost_wei >= 0),
  booked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (role, chain_id, effect_key, call_hash)
);
