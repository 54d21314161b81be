-- Who may sign for a role now. `fence` grows with every change of hands; whoever writes with an older one is refused. Times are the
-- database's own: a process whose clock is wrong neither gains nor loses a lease by it.
CREATE TABLE keeper_lease (
  name text PRIMARY KEY,
  owner text NOT NULL,
  fence bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
