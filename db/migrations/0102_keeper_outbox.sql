-- One row per effect a keeper wants on a chain; written before anything is sent, never deleted.
CREATE TABLE keeper_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id text NOT NULL,
  signer text NOT NULL,
  role text NOT NULL,
  -- The lease under which it was written, and the policy that allowed it.
  fence bigint NOT NULL,
  policy_hash text NOT NULL,
  -- Names the effect, not the attempt.
  effect_key text NOT NULL,
  -- assigned: has a nonce, no bytes have left the signer. signed: bytes are stored and may be anywhere. mined: seen in a block that can
  -- still be unwound. The others are ends: final (did what was wanted), reverted, cancelled (the nonce was freed), foreign.
  state text NOT NULL CHECK (state IN ('assigned', 'signed', 'mined', 'final', 'reverted', 'cancelled', 'foreign')),
  -- EVM account nonce; null on chains without one.
  nonce bigint CHECK (nonce >= 0),
  -- What to sign, in the chain's own words; amounts as decimal text.
  intent jsonb NOT NULL,
  -- Block of the decision, and the last one in which the effect is wanted (block height on Solana).
  since_block bigint NOT NULL,
  valid_until bigint NOT NULL,
  -- Where it was mined, while it is.
  mined_hash text,
  mined_block bigint,
  mined_block_hash text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((state IN ('mined', 'final', 'reverted', 'cancelled')) = (mined_hash IS NOT NULL))
);
