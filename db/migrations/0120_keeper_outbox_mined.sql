-- Where a row was mined belongs to every state in or after a block. Without account nonces (Solana) nothing has to be mined to end an
-- effect that came too late: its bytes expire, and the row is cancelled without a hash.
alter table keeper_outbox
  drop constraint keeper_outbox_check,
  add constraint keeper_outbox_mined check (
    case
      when state = 'cancelled' and nonce is null then mined_hash is null
      else (state in ('mined', 'final', 'reverted', 'cancelled')) = (mined_hash is not null)
    end
  );
