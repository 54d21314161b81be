GRANT SELECT, INSERT ON keeper_audit, keeper_control_change TO keeper_rw
