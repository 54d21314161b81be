create index keeper_job_due on keeper_job (queue, run_at) where done_at is null;
