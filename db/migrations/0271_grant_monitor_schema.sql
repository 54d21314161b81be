GRANT SELECT ON schema_migration TO monitor_rw
