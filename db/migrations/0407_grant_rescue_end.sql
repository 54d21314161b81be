-- What was decided never changes; only its end is added.
GRANT UPDATE (ended_as, ended_at) ON keeper_rescue TO keeper_rw
