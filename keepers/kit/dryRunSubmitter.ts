import { effectivePriceWei, firstFees, withCeiling, type FeePolicy } from "./fees.js";
import type { SigningGate } from "./outbox/signingGate.js";
import type { KeeperLog } from "./logger.js";
import type { ChainClient, Head } from "./provider.js";
import { signCall, transactionCount, type TransactionSigner } from "./signer.js";
import type { InFlight, Intent, Settled, Submission, Submitter } from "./submitter.js";

/** Everything of a run up to the signed bytes, nothing sent. Without a key it stops before signing and says so. */
export class DryRunSubmitter implements Submitter {
  constructor(
    private readonly client: ChainClient,
    private readonly signer: TransactionSigner | undefined,
    private readonly gate: Pick<SigningGate, "encode">,
    private readonly fees: FeePolicy,
    private readonly log: KeeperLog,
  ) {}

  get sender(): string | undefined {
    return this.signer?.address;
  }

  pending(): readonly InFlight[] {
    return [];
  }

  upkeep(): Promise<readonly Settled[]> {
    return Promise.resolve([]);
  }

  async submit(intent: Intent, head: Head): Promise<Submission> {
    const encoded = this.gate.encode(intent);
    if (!encoded.ok) {
      this.log.warn("outbox.refused", { refusal: "policy", check: encoded.check, message: encoded.message });
      return { accepted: false, refusal: "policy" };
    }
    const fees = firstFees(withCeiling(this.fees, intent.maxFeePerGasWei), head.nextBaseFeeWei);
    if (fees === undefined) return { accepted: false, refusal: "fee-ceiling" };
    const gasPriceWei = effectivePriceWei(fees, head.nextBaseFeeWei);
    const facts = { key: intent.key, to: intent.to, gasLimit: intent.gasLimit, gasPriceWei };
    if (this.signer === undefined) {
      this.log.info("tx.dry-run", { ...facts, signed: false });
      return { accepted: true, hash: undefined, nonce: undefined, broadcast: false };
    }
    const nonce = await transactionCount(this.client, this.signer.address, "latest");
    const { to, data } = encoded.bytes;
    const { valueWei, gasLimit } = intent;
    const legacy = head.nextBaseFeeWei === undefined;
    const call = { to, data, valueWei, gasLimit, nonce, fees, legacy, chainId: this.client.chainId };
    const { hash } = await signCall(this.signer, call);
    this.log.info("tx.dry-run", { ...facts, signed: true, hash, nonce });
    return { accepted: true, hash, nonce, broadcast: false };
  }
}
