-- A position that was found: what never changes of it. Whoever may sign for it is asked of the chain, never of this table.
CREATE TABLE keeper_rescue_position (
  book text NOT NULL,
  -- Its address, lower case.
  position text NOT NULL,
  facts jsonb NOT NULL,
  -- First block of those in a row in which it was seen to be over; null: it may still need something.
  closed_block bigint,
  PRIMARY KEY (book, position)
);
