GRANT SELECT ON keeper_policy_meter, keeper_policy_booking, keeper_policy TO api_ro
