-- An effect is wanted once. Its key is free again only when the chain has said that nothing happened.
create unique index keeper_outbox_effect on keeper_outbox (chain_id, role, effect_key)
  where state not in ('reverted', 'cancelled');
