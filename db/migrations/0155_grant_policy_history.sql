-- History is neither changed nor deleted.
GRANT SELECT, INSERT ON keeper_policy TO keeper_rw
