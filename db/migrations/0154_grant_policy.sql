GRANT SELECT, INSERT, UPDATE ON keeper_policy_meter, keeper_policy_booking TO keeper_rw
