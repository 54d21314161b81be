CREATE TRIGGER keeper_audit_linked BEFORE INSERT ON keeper_audit FOR EACH ROW EXECUTE FUNCTION keeper_audit_link()
