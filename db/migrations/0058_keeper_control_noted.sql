CREATE TRIGGER keeper_control_noted AFTER INSERT OR UPDATE ON keeper_control
  FOR EACH ROW EXECUTE FUNCTION keeper_control_note()
