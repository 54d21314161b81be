-- Lines of an entry. Accounts: own:… is the keeper's, cost:… what it paid, out:… everybody else. Amounts in base units.
CREATE TABLE keeper_pnl_posting (
  entry_id bigint NOT NULL REFERENCES keeper_pnl_entry (id),
  line integer NOT NULL CHECK (line >= 0),
  account text NOT NULL CHECK (account ~ '^(own|cost|out):.+$'),
  -- Token address, or native.
  asset text NOT NULL,
  amount numeric(78,0) NOT NULL CHECK (amount <> 0),
  -- Position of the Transfer in the receipt; null for gas and value.
  log_index integer CHECK (log_index >= 0),
  PRIMARY KEY (entry_id, line)
);
