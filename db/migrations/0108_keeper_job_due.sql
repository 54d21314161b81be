CREATE INDEX keeper_job_due ON keeper_job (queue, run_at) WHERE done_at IS NULL;
