-- At the end of the transaction: line by line nothing balances.
CREATE CONSTRAINT TRIGGER keeper_pnl_balanced AFTER INSERT ON keeper_pnl_posting DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION keeper_pnl_balance()
