GRANT SELECT, INSERT, UPDATE, DELETE ON chain_checkpoint, chain_block, chain_transfer TO indexer_rw
