-- What was decided never changes; only deposit, payment and end are added.
GRANT UPDATE (deposit, funding_txid, funding_raw, funding_fee_sat, funding_coins, funded_at, ended_as, ended_at) ON keeper_mint TO keeper_rw
