GRANT SELECT ON collateral_checkpoint, vaults, transactions, balance_snapshots, reconciliation_logs, audit_trail TO keeper_rw, api_ro
