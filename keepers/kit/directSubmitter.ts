/**
 * The plain submitter: signs with one key, one transaction in flight, state in memory.
 *
 * What it does: follows every hash it ever issued for a nonce; replaces after some blocks with fees at least 12.5 % higher under a
 * ceiling; frees the nonce of an expired intent; keeps a transaction whose broadcast got no answer, because the bytes may have arrived;
 * stops for good when a nonce was used by a transaction it never signed.
 *
 * What it does not do, and what that means:
 * - It remembers nothing across a restart. A transaction sent just before a kill is found again only as "something unknown waits under
 *   our nonce"; the keeper waits some blocks and then offers a new transaction at that nonce. Only effects that the contract itself
 *   makes harmless to repeat (the stabilizer's cooldown) may be sent this way.
 * - It takes a receipt as final. After a reorganisation the effect may be missing; the next observation shows it.
 * - Two processes with the same key disturb each other; both then stop with `foreign-nonce`.
 */
import { z } from "zod";

import { minBigint } from "../../protocol/math.js";
import type { Broadcaster, BroadcastOutcome } from "./broadcast/broadcaster.js";
import { PublicBroadcaster } from "./broadcast/public.js";
import { firstFees, replacementFees, withCeiling, type FeePolicy, type Fees } from "./fees.js";
import type { KeeperLog } from "./logger.js";
import type { ChainClient, Head } from "./provider.js";
import { signCall, transactionCount, type TransactionSigner } from "./signer.js";
import type { InFlight, Intent, Settled, Submission, Submitter } from "./submitter.js";

export interface DirectSubmitterOptions {
  readonly fees: FeePolicy;
  /** Blocks without a receipt after which an attempt is replaced. */
  readonly replaceAfterBlocks: number;
}

interface Attempt {
  readonly hash: string;
  readonly bytes: string;
  readonly fees: Fees;
  readonly block: number;
  /** Does nothing but use the nonce. */
  readonly noOp: boolean;
}

interface Open {
  readonly intent: Intent;
  readonly nonce: number;
  readonly sinceBlock: number;
  readonly attempts: Attempt[];
  /** What the node said to the newest broadcast. Only bytes that were taken make a nonce used by others suspicious. */
  broadcast: BroadcastOutcome;
  /** Heads at which the nonce was used and no receipt of ours was found. */
  usedByOthers: number;
}

const TRANSFER_GAS = 21_000n;
/** A receipt may become visible one head later than the nonce. */
const FOREIGN_HEADS = 2;

const receiptSchema = z
  .object({
    status: z.enum(["0x0", "0x1"]),
    blockNumber: z.string(),
    gasUsed: z.string(),
    effectiveGasPrice: z.string().optional(),
    logs: z.array(z.object({ address: z.string(), topics: z.array(z.string()), data: z.string() })),
  })
  .nullable();

export class DirectSubmitter implements Submitter {
  private open: Open | undefined;
  private foreignNonce = false;
  private unknownPendingSince: number | undefined;

  constructor(
    private readonly client: ChainClient,
    private readonly signer: TransactionSigner,
    private readonly options: DirectSubmitterOptions,
    private readonly log: KeeperLog,
    private readonly broadcaster: Broadcaster = new PublicBroadcaster(client, log),
  ) {}

  get sender(): string {
    return this.signer.address;
  }

  pending(): readonly InFlight[] {
    const open = this.open;
    if (open === undefined) return [];
    const { nonce, sinceBlock } = open;
    return [{ key: open.intent.key, nonce, sinceBlock, hashes: open.attempts.map((attempt) => attempt.hash) }];
  }

  async submit(intent: Intent, head: Head): Promise<Submission> {
    if (this.foreignNonce) return { accepted: false, refusal: "foreign-nonce" };
    if (this.open !== undefined) return { accepted: false, refusal: "in-flight" };
    let fees = firstFees(this.policyFor(intent), head.nextBaseFeeWei);
    if (fees === undefined) return { accepted: false, refusal: "fee-ceiling" };

    const [nonce, known] = await Promise.all([this.count("latest"), this.count("pending")]);
    if (known > nonce) {
      this.unknownPendingSince ??= head.number;
      const waited = head.number - this.unknownPendingSince;
      this.log.warn("tx.unknown-pending", { nonce, waitedBlocks: waited });
      if (waited < this.options.replaceAfterBlocks) return { accepted: false, refusal: "unknown-pending" };
      // What waits there is most likely our own from before a restart; its fees are not known, so offer the most we may.
      const most = this.policyFor(intent).maxFeePerGasWei;
      fees = { maxFeePerGasWei: most, priorityFeeWei: minBigint(2n * fees.priorityFeeWei, most) };
    }
    this.unknownPendingSince = undefined;

    const attempt = await this.signAttempt(intent, nonce, fees, head, false);
    // From here on it is in flight: whatever the broadcast answers, the bytes may be out.
    const open: Open = {
      intent,
      nonce,
      sinceBlock: head.number,
      attempts: [attempt],
      broadcast: "unanswered",
      usedByOthers: 0,
    };
    this.open = open;
    await this.send(open, attempt, "tx.sent");
    return { accepted: true, hash: attempt.hash, nonce, broadcast: true };
  }

  async upkeep(head: Head): Promise<readonly Settled[]> {
    const open = this.open;
    if (open === undefined) return [];
    const settled = (await this.findReceipt(open)) ?? (await this.judgeNonce(open));
    if (settled !== undefined) {
      this.open = undefined;
      const { logs: _, ...facts } = settled;
      this.log[settled.kind === "mined" ? "info" : "warn"](`tx.${settled.kind}`, facts);
      return [settled];
    }
    const newest = open.attempts.at(-1);
    if (newest === undefined) return [];
    const expired = head.number >= open.intent.validUntilBlock && !newest.noOp;
    const overdue = head.number - newest.block >= this.options.replaceAfterBlocks;
    if (expired || overdue) await this.replace(open, newest, head);
    else if (open.broadcast === "unanswered") await this.send(open, newest, "tx.rebroadcast");
    return [];
  }

  /** A receipt of any hash ever issued settles the nonce. */
  private async findReceipt(open: Open): Promise<Settled | undefined> {
    for (const attempt of open.attempts) {
      const answer = await this.client.request("eth_getTransactionReceipt", [attempt.hash]);
      const receipt = receiptSchema.parse(answer);
      if (receipt === null) continue;
      const price = receipt.effectiveGasPrice;
      return {
        key: open.intent.key,
        kind: attempt.noOp ? "cancelled" : receipt.status === "0x1" ? "mined" : "reverted",
        hash: attempt.hash,
        nonce: open.nonce,
        sinceBlock: open.sinceBlock,
        block: Number(receipt.blockNumber),
        gasUsed: Number(receipt.gasUsed),
        logs: receipt.logs,
        ...(price === undefined ? {} : { gasPriceWei: BigInt(price) }),
      };
    }
    return undefined;
  }

  /** Without a receipt: has somebody else used the nonce, or did no node ever take our bytes? */
  private async judgeNonce(open: Open): Promise<Settled | undefined> {
    const used = (await this.count("latest")) > open.nonce;
    const ended = {
      key: open.intent.key,
      hash: open.attempts[0]?.hash ?? "",
      nonce: open.nonce,
      sinceBlock: open.sinceBlock,
      logs: [],
    };
    if (!used)
      return open.broadcast === "refused" && open.attempts.length === 1 ? { ...ended, kind: "rejected" } : undefined;
    open.usedByOthers += 1;
    if (open.usedByOthers < FOREIGN_HEADS) return undefined;
    if (open.broadcast !== "taken") return { ...ended, kind: "rejected" };
    this.foreignNonce = true;
    this.log.error("tx.foreign-nonce", { nonce: open.nonce, address: this.signer.address });
    return { ...ended, kind: "foreign" };
  }

  /** New bytes under the same nonce: higher fees, or nothing but the nonce when the intent has expired. */
  private async replace(open: Open, newest: Attempt, head: Head): Promise<void> {
    const expired = head.number >= open.intent.validUntilBlock;
    const policy = expired ? this.options.fees : this.policyFor(open.intent);
    const fees = replacementFees(newest.fees, policy, head.nextBaseFeeWei);
    if (fees === undefined) {
      this.log.warn("tx.at-ceiling", { nonce: open.nonce, hash: newest.hash, ceilingWei: policy.maxFeePerGasWei });
      await this.send(open, newest, "tx.rebroadcast");
      return;
    }
    const attempt = await this.signAttempt(open.intent, open.nonce, fees, head, expired);
    open.attempts.push(attempt);
    await this.send(open, attempt, expired ? "tx.cancelling" : "tx.replaced");
  }

  private async signAttempt(intent: Intent, nonce: number, fees: Fees, head: Head, noOp: boolean): Promise<Attempt> {
    const call = noOp
      ? { to: this.signer.address, data: "0x", valueWei: 0n, gasLimit: TRANSFER_GAS }
      : { to: intent.to, data: intent.data, valueWei: intent.valueWei, gasLimit: intent.gasLimit };
    const legacy = head.nextBaseFeeWei === undefined;
    const signed = await signCall(this.signer, { ...call, nonce, fees, legacy, chainId: this.client.chainId });
    return { ...signed, fees, block: head.number, noOp };
  }

  private async send(open: Open, attempt: Attempt, event: string): Promise<void> {
    const { nonce } = open;
    const facts = { hash: attempt.hash, nonce, key: open.intent.key, maxFeePerGasWei: attempt.fees.maxFeePerGasWei };
    // Never an error of the caller: the next upkeep asks the chain what became of the bytes.
    open.broadcast = await this.broadcaster.broadcast(attempt.bytes);
    if (open.broadcast === "taken") this.log.info(event, facts);
    else this.log.warn("tx.broadcast-failed", { ...facts, broadcast: open.broadcast });
  }

  private policyFor(intent: Intent): FeePolicy {
    return withCeiling(this.options.fees, intent.maxFeePerGasWei);
  }

  private count(tag: "latest" | "pending"): Promise<number> {
    return transactionCount(this.client, this.signer.address, tag);
  }
}
