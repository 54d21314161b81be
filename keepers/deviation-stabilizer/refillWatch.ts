/**
 * The refiller of the capital buckets. A refill is an exchange that anyone may make when the policy wants it; ReserveLens says which one
 * would pass. The stabilizer's own bucket is what its pegs are held with, so the same keeper looks after it, once per block.
 */
import {
  bucketsAbi,
  decodeReserveSnapshot,
  encodeRefill,
  REFILL_GAS_LIMIT,
  reserveSnapshotCall,
  type ReserveSnapshot,
  type TokenReserves,
} from "../../protocol/reserveLens.js";
import type { Head } from "../kit/provider.js";
import { doDuty, type DutyParts } from "./duty.js";

export interface RefillWatchParts extends DutyParts {
  readonly lensAddress: string;
  readonly bucketsAddress: string;
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
    const due = snapshot.refills.find((refill) => refill.reason === "NONE");
    // One transaction at a time: a refill that is wanted now is wanted in the next block, too.
    if (due === undefined || parts.submitter.pending().length > 0) return;
    const facts = {
      bucket: due.bucket,
      scarce: parts.tokenName(due.scarce),
      surplus: parts.tokenName(due.surplusToken),
      filledUnits: due.allowedUnits.toString(),
      paidUnits: due.paidUnits.toString(),
    };
    await doDuty(
      parts,
      {
        kind: "refill",
        topic: "bucket",
        effect: `${due.bucket}:${facts.scarce}`,
        to: parts.bucketsAddress,
        data: encodeRefill(due),
        gasLimit: REFILL_GAS_LIMIT,
        abi: bucketsAbi,
        facts,
      },
      head,
    );
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
