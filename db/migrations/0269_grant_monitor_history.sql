GRANT SELECT, INSERT ON balance_snapshots, reconciliation_logs, audit_trail TO monitor_rw
