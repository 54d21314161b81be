-- Rows of transactions go with a dropped fork, while they are only confirmed.
GRANT SELECT, INSERT, UPDATE, DELETE ON transactions TO monitor_rw
