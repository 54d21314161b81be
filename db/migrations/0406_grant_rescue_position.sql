GRANT UPDATE (facts, closed_block) ON keeper_rescue_position TO keeper_rw
