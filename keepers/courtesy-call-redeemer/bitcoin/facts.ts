/** What both chains say about one redemption at one moment. Everything that follows, follows from these: nothing is remembered besides. */
import type { DepositState } from "../../../protocol/tbtc/states.js";
import type { BlockHeader } from "./header.js";
import type { RedemptionRequest, SignatureParts } from "./payment.js";
import type { MerklePath, RelayEpochs } from "./proof.js";

export interface RedemptionFacts {
  /** Address of the deposit. */
  readonly deposit: string;
  /** Time of the block that all of this is of, unix seconds. */
  readonly now: bigint;
  readonly state: DepositState;
  /** x and y of the keep. */
  readonly publicKey: string;
  /** The request and its fee bumps, oldest first; the newest is what the deposit waits for. Empty: no redemption. */
  readonly requests: readonly RedemptionRequest[];
  /** By digest: what the keep signed, whether or not the deposit has heard of it. */
  readonly keepSignatures: ReadonlyMap<string, SignatureParts>;
  /** By digest: what the deposit was given. */
  readonly depositSignatures: ReadonlyMap<string, SignatureParts>;
  readonly relay: RelayEpochs;
}

/** A payment that spends the redeemer's new output while that is in no block. */
export interface ChildSight {
  readonly txid: string;
  /** Undefined when it spends other outputs as well: then nobody here knows. */
  readonly feeSat: bigint | undefined;
  readonly vsize: bigint;
}

/** What the Bitcoin servers show of the output that the redemption spends, as far as enough of them agree. */
export type PaymentSight =
  | {
      readonly kind: "unknown";
      readonly reason:
        /** Fewer servers answered, and told the truth, than must agree. */
        "too-few-servers" | "servers-disagree";
    }
  | { readonly kind: "unseen" }
  | {
      readonly kind: "mempool";
      readonly txid: string;
      readonly child: ChildSight | undefined;
      /** Some server has not heard of it. */
      readonly isPartial: boolean;
    }
  | {
      readonly kind: "confirmed";
      readonly txid: string;
      readonly height: number;
      readonly path: MerklePath;
      /** From its block to the tip. */
      readonly headers: readonly BlockHeader[];
    }
  /** Spent by a payment that nobody asked the signers for. */
  | { readonly kind: "foreign"; readonly txid: string; readonly isConfirmed: boolean };

export interface BitcoinFacts {
  readonly payment: PaymentSight;
  /** What would do for the next block; undefined while no server knows. */
  readonly nextBlockSatPerKvb: bigint | undefined;
}
