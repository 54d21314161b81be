-- What was decided never changes; only its end is added.
GRANT SELECT, INSERT, UPDATE (ended_as, ended_at) ON keeper_rescue_earning TO keeper_rw
