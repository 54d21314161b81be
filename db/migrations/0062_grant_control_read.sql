-- The API may show whether a keeper works and why not; what it decided is the keepers' own.
GRANT SELECT ON keeper_control, keeper_control_change TO api_ro
