CREATE TRIGGER reconciliation_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_logs
  FOR EACH STATEMENT EXECUTE FUNCTION keeper_append_only()
