CREATE TRIGGER keeper_pnl_posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON keeper_pnl_posting
  FOR EACH STATEMENT EXECUTE FUNCTION keeper_append_only()
