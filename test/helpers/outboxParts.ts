/** An outbox on a model chain and a real database, with everything that a test may want to break. */
import { Wallet, id as hashOf } from "ethers";

import type { Database } from "../../db/database.js";
import { PublicBroadcaster } from "../../keepers/kit/broadcast/public.js";
import { Lease } from "../../keepers/kit/lease.js";
import { EvmOutbox } from "../../keepers/kit/outbox/evmOutbox.js";
import type { AtFaultPoint } from "../../keepers/kit/outbox/faultPoints.js";
import type { SigningGate } from "../../keepers/kit/outbox/signingGate.js";
import type { SigningGuard } from "../../keepers/kit/policy/guard.js";
import { OutboxStore, type StoreParts } from "../../keepers/kit/outbox/store.js";
import type { ChainClient } from "../../keepers/kit/provider.js";
import { signerOf, type TransactionSigner } from "../../keepers/kit/signer.js";
import type { KeeperLog } from "../../keepers/kit/logger.js";
import type { Intent } from "../../keepers/kit/submitter.js";
import { capturedLog } from "./capturedLog.js";
import type { ModelChain } from "./modelChain.js";
import { BARE_ACTION, openGate } from "./openGate.js";

export const OUTBOX_FEES = { maxFeePerGasWei: 400_000_000_000n, priorityFeeWei: 1_000_000_000n };
export const REPLACE_AFTER_BLOCKS = 3;
export const CONFIRMATIONS = 3;
const wallet = new Wallet(hashOf("outbox"));
export const OUTBOX_SIGNER = wallet.address;

export interface OutboxOptions {
  readonly at?: AtFaultPoint;
  readonly remote?: boolean;
  readonly gate?: SigningGate;
  readonly guard?: SigningGuard;
  readonly stop?: StoreParts["stop"];
  readonly onEnded?: StoreParts["onEnded"];
  readonly onUnwound?: StoreParts["onUnwound"];
  readonly window?: number;
  readonly confirmations?: (intent: Intent) => number;
  readonly writable?: StoreParts["writable"];
  readonly log?: KeeperLog;
  /** Looks on while the account signs. */
  readonly onSign?: () => void;
}

/** One process: its lease and its outbox. */
export async function openOutbox(db: Database, chain: ModelChain, options: OutboxOptions = {}) {
  const { log = capturedLog().log } = options;
  const lease = new Lease(db, { name: "role:138", ttlMs: 60_000, renewMs: 1_000 }, log);
  await lease.step();
  const client = chain as unknown as ChainClient;
  const { at, stop, onEnded, onUnwound, writable, onSign } = options;
  const store = new OutboxStore({
    db,
    lease,
    role: "role",
    chainId: "138",
    address: wallet.address,
    gate: options.gate ?? openGate(),
    ...(at === undefined ? {} : { at }),
    ...(stop === undefined ? {} : { stop }),
    ...(onEnded === undefined ? {} : { onEnded }),
    ...(onUnwound === undefined ? {} : { onUnwound }),
    ...(writable === undefined ? {} : { writable }),
  });
  const account = signerOf(wallet);
  const sign: TransactionSigner["sign"] = (transaction) => {
    onSign?.();
    return account.sign(transaction);
  };
  const outbox = new EvmOutbox({
    store,
    client,
    signer: { address: account.address, sign, remote: options.remote ?? false },
    broadcaster: new PublicBroadcaster(client, log),
    ...(options.guard === undefined ? {} : { guard: options.guard }),
    options: {
      fees: OUTBOX_FEES,
      replaceAfterBlocks: REPLACE_AFTER_BLOCKS,
      window: options.window ?? 32,
      confirmations: options.confirmations ?? (() => CONFIRMATIONS),
    },
    log,
    ...(at === undefined ? {} : { at }),
  });
  return { outbox, lease };
}

/** As after a kill: whatever lease there is has run out. */
export async function expireLeases(db: Database): Promise<void> {
  await db.query(`update keeper_lease set expires_at = clock_timestamp() - interval '1 second'`);
}

export function intentOf(key: string, validUntilBlock = 1_000_000, more: Partial<Intent> = {}): Intent {
  return {
    key,
    action: BARE_ACTION,
    to: "0x00000000000000000000000000000000000000aa",
    data: hashOf(key),
    valueWei: 0n,
    gasLimit: 100_000n,
    maxFeePerGasWei: OUTBOX_FEES.maxFeePerGasWei,
    validUntilBlock,
    ...more,
  };
}
