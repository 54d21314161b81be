GRANT SELECT, INSERT, UPDATE ON collateral_checkpoint, vaults TO monitor_rw
