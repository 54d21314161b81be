-- Work that a clock or an event asked for. Leased with SKIP LOCKED; a worker that dies loses the job when its lease ends.
CREATE TABLE keeper_job (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  -- Names the unit of work, such as a vault and a day: enqueued once.
  job_key text NOT NULL,
  payload jsonb NOT NULL,
  run_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  leased_by text,
  lease_until timestamptz,
  fence bigint NOT NULL DEFAULT 0,
  done_at timestamptz,
  last_error text,
  UNIQUE (queue, job_key)
);
