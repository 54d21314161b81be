/**
 * The refiller of the capital buckets. A refill is an exchange that anyone may make when the policy wants it; ReserveLens says which one
 * would pass. The stabilizer's own bucket is what its pegs are held with, so the same keeper looks after it, once per block.
 */
import {
  bucketsAbi,
  decodeReserveSnapshot,
  REFILL_GAS_LIMIT,
  reserveSnapshotCall,
  type RefillView,
  type ReserveSnapshot,
  type TokenReserves,
} from "../../protocol/reserveLens.js";
import type { Head } from "../kit/provider.js";
import { refillAction } from "./encode.js";
import { doDuty, type DutyParts } from "./duty.js";

export interface RefillWatchParts extends DutyParts {
  readonly lensAddress: string;
}

export class RefillWatch {
  private readonly tiers = new Map<string, string>();

  constructor(private readonly parts: RefillWatchParts) {}

  /** Tier of each token's reserve as of the last look. */
  get report(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.tiers);
  }

  /** One block's look. @throws RetryableError when the chain cannot be asked; nothing was sent then. */
  async run(head: Head): Promise<void> {
    const { parts } = this;
    const { to, data } = reserveSnapshotCall(parts.lensAddress);
    const snapshot = decodeReserveSnapshot(await parts.nextBlock.call({ to, data }, head));
    this.note(snapshot, head);
    // One transaction at a time: a refill that is wanted now is wanted in the next block, too.
    if (parts.submitter.pending().length > 0) return;
    // One that fails for reasons beyond the policy, such as a paused token, keeps none of the others waiting.
    for (const refill of snapshot.refills) {
      if (refill.reason === "NONE" && (await this.refill(refill, head))) return;
    }
  }

  private refill(due: RefillView, head: Head): Promise<boolean> {
    const { parts } = this;
    const facts = {
      bucket: due.bucket,
      scarce: parts.tokenName(due.scarce),
      surplus: parts.tokenName(due.surplusToken),
      filledUnits: due.allowedUnits.toString(),
      paidUnits: due.paidUnits.toString(),
    };
    const call = { action: refillAction(due), gasLimit: REFILL_GAS_LIMIT, abi: bucketsAbi };
    const effect = `${due.bucket}:${facts.scarce}`;
    return doDuty(parts, { kind: "refill", topic: "bucket", effect, ...call, facts }, head);
  }

  /** Changes of a reserve's tier are news. */
  private note({ tokens }: ReserveSnapshot, head: Head): void {
    const { log, record, tokenName } = this.parts;
    for (const view of tokens) {
      const tier = tierOf(view);
      if (tier === undefined) continue;
      const name = tokenName(view.token);
      const before = this.tiers.get(name);
      this.tiers.set(name, tier);
      if (before === tier || (before === undefined && (tier === "TARGET" || tier === "POLICY"))) continue;
      const facts = { token: name, from: before ?? "?", to: tier };
      log[tier === "BREACHED" ? "warn" : "info"]("reserve.tier", { block: head.number + 1, ...facts });
      record.write({ kind: "reserve.tier", block: head.number + 1, facts });
    }
  }
}

function tierOf({ reserve }: TokenReserves): string | undefined {
  return reserve?.tier;
}
