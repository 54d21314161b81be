-- What was promised stays as it is; only the first refund is added to it.
CREATE FUNCTION keeper_attested_message_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.refund_at IS NOT NULL OR (OLD.attestor, OLD.source_chain_id, OLD.source_bridge, OLD.nonce, OLD.message_id, OLD.message, OLD.first_at)
    IS DISTINCT FROM (NEW.attestor, NEW.source_chain_id, NEW.source_bridge, NEW.nonce, NEW.message_id, NEW.message, NEW.first_at)
  THEN
    RAISE EXCEPTION 'an attested message does not change'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'keeper_attested_message_fixed', TABLE = 'keeper_attested_message';
  END IF;
  RETURN NEW;
END
$$
