CREATE TRIGGER keeper_control_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON keeper_control_change
  FOR EACH STATEMENT EXECUTE FUNCTION keeper_append_only()
