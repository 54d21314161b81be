-- A message that left a bridge, was cancelled or was delivered there, and where that was seen. A reorganisation moves or contradicts rows.
CREATE TABLE keeper_bridge_event (
  chain_id text NOT NULL,
  bridge text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('sent', 'cancelled', 'delivered')),
  message_id text NOT NULL CHECK (message_id ~ '^0x[0-9a-f]{64}$'),
  block_number bigint NOT NULL,
  -- Of what was sent: its fields, amounts as decimal text.
  nonce numeric(78,0),
  message jsonb,
  -- Of what was sent: why nobody has to look at it again. unwound: it is not on the chain any more.
  closed_as text CHECK (closed_as IN ('delivered', 'refunded', 'unwound')),
  CHECK ((kind = 'sent') = (nonce IS NOT NULL) AND (kind = 'sent') = (message IS NOT NULL)),
  CHECK (kind = 'sent' OR closed_as IS NULL),
  PRIMARY KEY (chain_id, bridge, kind, message_id)
);
