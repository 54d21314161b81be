CREATE INDEX chain_block_open ON chain_block (chain_id, number) WHERE status <> 'finalized'
