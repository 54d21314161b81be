CREATE TRIGGER keeper_attested_message_fixed BEFORE UPDATE ON keeper_attested_message
  FOR EACH ROW EXECUTE FUNCTION keeper_attested_message_fixed()
