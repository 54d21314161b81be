-- Work that a clock or an event asked for. Leased with SKIP LOCKED; a worker that dies loses the job when its lease ends.
create table keeper_job (
  id bigint generated always as identity primary key,
  queue text not null,
  -- Names the unit of work, such as a vault and a day: enqueued once.
  job_key text not null,
  payload jsonb not null,
  run_at timestamptz not null,
  attempts integer not null default 0,
  leased_by text,
  lease_until timestamptz,
  fence bigint not null default 0,
  done_at timestamptz,
  last_error text,
  unique (queue, job_key)
);
