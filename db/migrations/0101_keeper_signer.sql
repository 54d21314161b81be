-- One account on one chain. `next_nonce` is advanced in the transaction that stores the bytes using it, and nowhere else.
create table keeper_signer (
  chain_id text not null,
  address text not null,
  -- Block 0 of the chain the nonces belong to: another chain that carries the same id is refused.
  genesis_hash text not null,
  next_nonce bigint not null check (next_nonce >= 0),
  -- Set when a nonce was used by bytes that we never issued: somebody else has the key. Only a person clears it.
  killed_reason text,
  primary key (chain_id, address)
);
