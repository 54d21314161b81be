CREATE FUNCTION keeper_pnl_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(amount) FROM public.keeper_pnl_posting WHERE entry_id = NEW.entry_id AND asset = NEW.asset) <> 0 THEN
    RAISE EXCEPTION 'the postings of an entry do not balance' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'keeper_pnl_balanced', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END
$$
