-- 'info': of a mint that nobody watches; it troubles nobody.
ALTER TABLE reconciliation_logs ADD COLUMN severity text NOT NULL DEFAULT 'critical' CHECK (severity IN ('info', 'warning', 'critical'))
