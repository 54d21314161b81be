-- Whoever starts compares the schema with what it was built for.
GRANT SELECT ON schema_migration TO keeper_rw, indexer_rw, api_ro
