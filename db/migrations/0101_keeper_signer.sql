-- One account on one chain. `next_nonce` is advanced in the transaction that stores the bytes using it, and nowhere else.
CREATE TABLE keeper_signer (
  chain_id text NOT NULL,
  address text NOT NULL,
  -- Block 0 of the chain the nonces belong to: another chain that carries the same id is refused.
  genesis_hash text NOT NULL,
  next_nonce bigint NOT NULL CHECK (next_nonce >= 0),
  -- Set when a nonce was used by bytes that we never issued: somebody else has the key. Only a person clears it.
  killed_reason text,
  PRIMARY KEY (chain_id, address)
);
