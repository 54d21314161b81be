/** What an account's nonces say before anything is signed. */
import { PermanentError } from "../../../protocol/errors.js";
import type { SignerRow } from "../../../db/queries/outbox/signer.js";
import type { KeeperLog } from "../logger.js";
import type { Entry } from "./entry.js";
import type { OutboxStore } from "./store.js";

/**
 * The account as the outbox knows it; made known at its first use. `used`: nonces that the chain has seen.
 * @throws PermanentError WRONG_GENESIS when the nonces belong to another chain with this id.
 */
export async function openSigner(
  store: OutboxStore,
  genesis: string,
  used: number,
  log: KeeperLog,
): Promise<SignerRow> {
  const known = await store.signer();
  if (known === undefined) {
    await store.register(genesis, used);
    return openSigner(store, genesis, used, log);
  }
  if (known.genesisHash !== genesis) {
    throw new PermanentError(
      "WRONG_GENESIS",
      `block 0 of this chain is ${genesis}, but the outbox was written on a chain with block 0 ${known.genesisHash}`,
      "point the RPC variable to the right chain, or use another database",
      { found: genesis, expected: known.genesisHash },
    );
  }
  if (known.killedReason === null && BigInt(used) > known.nextNonce) {
    const reason = `the chain has seen ${String(used)} nonces, we issued ${known.nextNonce.toString()}`;
    await store.kill(reason);
    log.error("tx.foreign-nonce", { used, issued: known.nextNonce });
    return { ...known, killedReason: reason };
  }
  return known;
}

/** Nonces from the first unused one up to the next one to assign that no open row has. */
export function ownHoles(open: readonly Entry[], used: number, next: number): number[] {
  const taken = new Set(open.map(({ nonce }) => nonce));
  return Array.from({ length: Math.max(0, next - used) }, (_, index) => used + index).filter(
    (nonce) => !taken.has(nonce),
  );
}
