GRANT SELECT ON chain_checkpoint, chain_block, chain_transfer TO keeper_rw, api_ro
