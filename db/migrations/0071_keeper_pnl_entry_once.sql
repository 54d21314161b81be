-- A transaction is booked again only after its last booking was reversed; two that try at once cannot both.
CREATE UNIQUE INDEX keeper_pnl_entry_once ON keeper_pnl_entry (chain_id, tx_hash, generation) WHERE reverses IS NULL;
