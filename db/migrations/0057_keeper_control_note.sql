-- Keeps the history, and one rule that no program may break: only a person ends a kill.
CREATE FUNCTION keeper_control_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.state = 'kill' AND NEW.state <> 'kill' AND NEW.cause <> 'operator' THEN
    RAISE EXCEPTION 'a kill is ended by an operator' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'keeper_control_kill_stays', TABLE = TG_TABLE_NAME;
  END IF;
  INSERT INTO public.keeper_control_change (role, network, state_before, state, reason, actor, cause, at)
  VALUES (NEW.role, NEW.network, CASE TG_OP WHEN 'UPDATE' THEN OLD.state END, NEW.state, NEW.reason, NEW.actor, NEW.cause,
    NEW.changed_at);
  RETURN NULL;
END
$$
