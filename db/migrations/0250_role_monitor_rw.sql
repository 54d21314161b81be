-- Roles belong to the server, not to one database: it may exist already, or appear while another database is being migrated.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitor_rw') THEN
    CREATE ROLE monitor_rw NOLOGIN;
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$
