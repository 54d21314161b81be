-- No delivery after a refund, whatever a program believes; and a row gets its signature and its mark once and is otherwise fixed.
CREATE FUNCTION keeper_attestation_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  refunded timestamptz;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT refund_at INTO refunded FROM keeper_attested_message
      WHERE attestor = NEW.attestor AND message_id = NEW.message_id FOR UPDATE;
    IF NEW.kind = 'deliver' AND refunded IS NOT NULL THEN
      RAISE EXCEPTION 'a refund of this message was signed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'keeper_attestation_after_refund', TABLE = 'keeper_attestation';
    END IF;
    IF NEW.kind = 'refund' AND refunded IS NULL THEN
      UPDATE keeper_attested_message SET refund_at = clock_timestamp()
        WHERE attestor = NEW.attestor AND message_id = NEW.message_id;
    END IF;
    RETURN NEW;
  END IF;
  IF (OLD.attestor, OLD.message_id, OLD.kind, OLD.epoch, OLD.chain_id, OLD.bridge, OLD.digest, OLD.at)
      IS DISTINCT FROM (NEW.attestor, NEW.message_id, NEW.kind, NEW.epoch, NEW.chain_id, NEW.bridge, NEW.digest, NEW.at)
    OR (OLD.evidence_chain_id, OLD.evidence_block, OLD.evidence_hash)
      IS DISTINCT FROM (NEW.evidence_chain_id, NEW.evidence_block, NEW.evidence_hash)
    OR (OLD.signature IS NOT NULL AND (OLD.signature, OLD.position) IS DISTINCT FROM (NEW.signature, NEW.position))
    OR (OLD.unwound_at IS NOT NULL AND OLD.unwound_at IS DISTINCT FROM NEW.unwound_at)
  THEN
    RAISE EXCEPTION 'an attestation does not change'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'keeper_attestation_fixed', TABLE = 'keeper_attestation';
  END IF;
  RETURN NEW;
END
$$
