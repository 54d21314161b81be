-- Who may sign for a role now. `fence` grows with every change of hands; whoever writes with an older one is refused. Times are the
-- database's own: a process whose clock is wrong neither gains nor loses a lease by it.
create table keeper_lease (
  name text primary key,
  owner text not null,
  fence bigint not null,
  expires_at timestamptz not null
);
