-- What a keeper counts to notice that its transactions fail: few rows of many.
CREATE INDEX keeper_outbox_reverted ON keeper_outbox (chain_id, role, updated_at) WHERE state = 'reverted'
