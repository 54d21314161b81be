-- Where a row was mined belongs to every state in or after a block. Without account nonces (Solana) nothing has to be mined to end an
-- effect that came too late: its bytes expire, and the row is cancelled without a hash.
ALTER TABLE keeper_outbox
  DROP CONSTRAINT keeper_outbox_check,
  ADD CONSTRAINT keeper_outbox_mined CHECK (
    CASE
      WHEN state = 'cancelled' AND nonce IS NULL THEN mined_hash IS NULL
      ELSE (state IN ('mined', 'final', 'reverted', 'cancelled')) = (mined_hash IS NOT NULL)
    END
  );
