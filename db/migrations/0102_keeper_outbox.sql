-- One row per effect a keeper wants on a chain; written before anything is sent, never deleted.
create table keeper_outbox (
  id bigint generated always as identity primary key,
  chain_id text not null,
  signer text not null,
  role text not null,
  -- The lease under which it was written, and the policy that allowed it.
  fence bigint not null,
  policy_hash text not null,
  -- Names the effect, not the attempt.
  effect_key text not null,
  -- assigned: has a nonce, no bytes have left the signer. signed: bytes are stored and may be anywhere. mined: seen in a block that can
  -- still be unwound. The others are ends: final (did what was wanted), reverted, cancelled (the nonce was freed), foreign.
  state text not null check (state in ('assigned', 'signed', 'mined', 'final', 'reverted', 'cancelled', 'foreign')),
  -- EVM account nonce; null on chains without one.
  nonce bigint check (nonce >= 0),
  -- What to sign, in the chain's own words; amounts as decimal text.
  intent jsonb not null,
  -- Block of the decision, and the last one in which the effect is wanted (block height on Solana).
  since_block bigint not null,
  valid_until bigint not null,
  -- Where it was mined, while it is.
  mined_hash text,
  mined_block bigint,
  mined_block_hash text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((state in ('mined', 'final', 'reverted', 'cancelled')) = (mined_hash is not null))
);
