/**
 * Group roles, cut by trust like the folders: keepers write `keeper_*` tables, the indexer `chain_*`, the
 * collateral monitor its own (it holds no key and may not touch what signing depends on), the API reads. A login that is a
 * member of one role alone is the real wall; `connectDatabase({ role })` puts every session into the role as well, so that a mistake is
 * refused even where the login could do more. Grants stand beside the tables in `db/migrations`.
 */
export const DATABASE_ROLES = ["keeper_rw", "indexer_rw", "monitor_rw", "api_ro"] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];
