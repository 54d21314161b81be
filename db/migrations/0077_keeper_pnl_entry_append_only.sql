CREATE TRIGGER keeper_pnl_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON keeper_pnl_entry
  FOR EACH STATEMENT EXECUTE FUNCTION keeper_append_only()
