-- Links a new row to the last one of its stream. The lock makes writers of one stream queue up, and the row is read after the lock was
-- given, so that no two rows follow the same one.
CREATE FUNCTION keeper_audit_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('keeper_audit ' || NEW.stream, 0));
  SELECT sequence, hash INTO last FROM public.keeper_audit WHERE stream = NEW.stream ORDER BY sequence DESC LIMIT 1;
  NEW.sequence := coalesce(last.sequence, 0) + 1;
  NEW.previous_hash := coalesce(last.hash, repeat('0', 64));
  NEW.at := clock_timestamp();
  NEW.hash := encode(sha256(convert_to(concat_ws(E'\n', NEW.previous_hash, NEW.stream, NEW.sequence,
    to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), NEW.kind, coalesce(NEW.block::text, '-'), NEW.body), 'UTF8')), 'hex');
  RETURN NEW;
END
$$
