-- What was decided never changes; only its end is added.
GRANT UPDATE (ended_as, ended_at) ON keeper_swap TO keeper_rw
