-- Collateral vaults as they were at the newest finalized slot at which something about them had changed.
CREATE TABLE vaults (
  chain_id text NOT NULL,
  vault text NOT NULL,
  owner text NOT NULL,
  -- Counts the settings events of the vault.
  seq_num bigint NOT NULL CHECK (seq_num >= 0),
  config_version bigint NOT NULL,
  balances integer NOT NULL,
  pending_withdrawals integer NOT NULL,
  has_security_config boolean NOT NULL,
  has_multi_sig boolean NOT NULL,
  -- Unix seconds; 0: never frozen.
  frozen_until bigint NOT NULL,
  slot bigint NOT NULL CHECK (slot >= 0),
  -- Finalized slot at which it was found to be gone.
  closed_slot bigint,
  PRIMARY KEY (chain_id, vault)
)
