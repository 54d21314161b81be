CREATE TRIGGER keeper_rescue_payment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON keeper_rescue_payment
  FOR EACH STATEMENT EXECUTE FUNCTION keeper_append_only()
