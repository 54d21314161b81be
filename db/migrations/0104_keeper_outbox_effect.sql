-- An effect is wanted once. Its key is free again only when the chain has said that nothing happened.
CREATE UNIQUE INDEX keeper_outbox_effect ON keeper_outbox (chain_id, role, effect_key)
  WHERE state NOT IN ('reverted', 'cancelled');
