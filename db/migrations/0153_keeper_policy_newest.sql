CREATE INDEX keeper_policy_newest ON keeper_policy (role, chain_id, id DESC);
