-- What an EVM keeper asked for, typed: name and arguments, from which the signer makes the bytes itself, also after a crash. Null on Solana,
-- whose intents are typed as they are, and in rows from before.
ALTER TABLE keeper_outbox ADD COLUMN action jsonb;
