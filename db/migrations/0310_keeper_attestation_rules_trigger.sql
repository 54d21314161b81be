CREATE TRIGGER keeper_attestation_rules BEFORE INSERT OR UPDATE ON keeper_attestation
  FOR EACH ROW EXECUTE FUNCTION keeper_attestation_rules()
