CREATE TRIGGER keeper_attestation_kept BEFORE DELETE OR TRUNCATE ON keeper_attestation
  FOR EACH STATEMENT EXECUTE FUNCTION keeper_append_only()
