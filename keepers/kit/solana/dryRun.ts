/** Everything of a run up to the signed bytes, nothing sent. Without a key it stops before signing and says so. */
import type { KeeperLog } from "../logger.js";
import { signIntent } from "../outbox/solana/attempt.js";
import type { SolanaIntent } from "../outbox/solana/intent.js";
import { checkSolanaPolicy } from "../policy/solana/checkSolanaPolicy.js";
import type { SolanaPolicy } from "../policy/solana/types.js";
import type { InFlight, Settled, Submission, Submitter } from "../submitter.js";
import type { SolanaClient } from "./client.js";
import { freshLifetime, type SolanaHead } from "./cluster.js";
import type { SolanaSigner } from "./signer.js";

export class SolanaDryRunSubmitter implements Submitter<SolanaIntent, SolanaHead> {
  constructor(
    private readonly client: SolanaClient,
    private readonly signer: SolanaSigner | undefined,
    private readonly policy: SolanaPolicy,
    private readonly microLamportsPerUnit: bigint,
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

  async submit(intent: SolanaIntent): Promise<Submission> {
    const { client, signer, policy, microLamportsPerUnit, log } = this;
    const { chainId, signer: address } = policy;
    const verdict = checkSolanaPolicy(policy, {
      ...{ chainId, signer: address, microLamportsPerUnit, replacement: false, key: intent.key },
      ...{ instructions: intent.instructions, computeUnitLimit: intent.computeUnitLimit },
    });
    if (!verdict.ok) {
      log.warn("outbox.refused", { refusal: "policy", check: verdict.check, message: verdict.message });
      return { accepted: false, refusal: "policy" };
    }
    if (signer === undefined) {
      log.info("tx.dry-run", { key: intent.key, signed: false });
      return { accepted: true, hash: undefined, nonce: undefined, broadcast: false };
    }
    const { signature } = await signIntent(signer, intent, await freshLifetime(client), microLamportsPerUnit);
    log.info("tx.dry-run", { key: intent.key, signed: true, signature });
    return { accepted: true, hash: signature, nonce: undefined, broadcast: false };
  }
}
