CREATE TRIGGER keeper_attested_message_kept BEFORE DELETE OR TRUNCATE ON keeper_attested_message
  FOR EACH STATEMENT EXECUTE FUNCTION keeper_append_only()
