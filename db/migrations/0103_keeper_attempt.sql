-- Bytes ever signed for a row of the outbox, oldest first. Any of them may be mined at any time, so none is ever deleted.
create table keeper_attempt (
  outbox_id bigint not null references keeper_outbox (id),
  ordinal integer not null check (ordinal >= 0),
  -- Transaction hash, or the first signature on Solana.
  hash text not null unique,
  raw bytea not null,
  -- cancel: does nothing but use the nonce.
  kind text not null check (kind in ('intent', 'cancel')),
  -- Fees, and on Solana the last valid block height; amounts as decimal text.
  terms jsonb not null,
  -- Block in which it was signed.
  block bigint not null,
  primary key (outbox_id, ordinal)
);
