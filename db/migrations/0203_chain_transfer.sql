CREATE TABLE chain_transfer (
  chain_id text NOT NULL,
  block_number bigint NOT NULL,
  log_index integer NOT NULL CHECK (log_index >= 0),
  block_hash bytea NOT NULL,
  transaction_hash bytea NOT NULL CHECK (octet_length(transaction_hash) = 32),
  address bytea NOT NULL CHECK (octet_length(address) = 20),
  sender bytea NOT NULL CHECK (octet_length(sender) = 20),
  recipient bytea NOT NULL CHECK (octet_length(recipient) = 20),
  units numeric(78,0) NOT NULL CHECK (units >= 0),
  PRIMARY KEY (chain_id, block_number, log_index),
  FOREIGN KEY (chain_id, block_number, block_hash) REFERENCES chain_block (chain_id, number, hash) ON DELETE CASCADE
)
