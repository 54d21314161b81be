/** Follows a redemption up as a keeper does: looks at both chains, and does what the step says; remembers nothing in between but what is written down. */
import type { SigningKey } from "ethers";

import { callOf } from "../../keepers/courtesy-call-redeemer/bitcoin/calls.js";
import { carryOut, isBitcoinAction } from "../../keepers/courtesy-call-redeemer/bitcoin/carryOut.js";
import { lookAtBitcoin } from "../../keepers/courtesy-call-redeemer/bitcoin/electrum/look.js";
import type { RedemptionFacts } from "../../keepers/courtesy-call-redeemer/bitcoin/facts.js";
import {
  FOLLOW_UP_POLICY,
  followUp,
  type FollowUpStep,
  type NextAction,
} from "../../keepers/courtesy-call-redeemer/bitcoin/followUp.js";
import { readRedemption, type RedemptionReader } from "../../keepers/courtesy-call-redeemer/bitcoin/readRedemption.js";
import type { Performed } from "../../keepers/courtesy-call-redeemer/types.js";
import { rawTransaction } from "../../scripts/tbtc/bitcoin.js";
import type { Deposit } from "../../scripts/tbtc/scenario.js";
import { type BitcoinRig, createBitcoinRig } from "./bitcoinRig.js";
import { MemoryBook } from "./memoryBook.js";
import { keySigner } from "./psbtSigner.js";
import type { TbtcChain } from "./tbtcChain.js";

/** Reads redemptions of a chain that nobody lies about. */
export function readerOf({ scenario, chain }: TbtcChain): RedemptionReader {
  const { contracts } = scenario;
  return {
    contracts,
    provider: chain.provider,
    relay: async ({ number: blockTag }) => ({
      currentDifficulty: await contracts.system.fetchRelayCurrentDifficulty({ blockTag }),
      previousDifficulty: await contracts.system.fetchRelayPreviousDifficulty({ blockTag }),
    }),
  };
}

export class Settlement {
  /** Of the last broadcast. */
  result: Extract<Performed, { kind: "handed-over" }> | undefined;
  readonly book = new MemoryBook();
  /** That enough servers know of. */
  private seenChild: string | undefined;

  private constructor(
    private readonly site: TbtcChain,
    readonly bitcoin: BitcoinRig,
    private readonly deposit: Deposit,
    private readonly owner: SigningKey,
  ) {}

  /** A Bitcoin chain on which the deposit is funded, with three servers. */
  static async begin(site: TbtcChain, deposit: Deposit, owner: SigningKey): Promise<Settlement> {
    const bitcoin = await createBitcoinRig(3);
    bitcoin.chain.mine(1, { place: [rawTransaction(site.scenario.funding(deposit).transaction)] });
    return new Settlement(site, bitcoin, deposit, owner);
  }

  async facts(): Promise<RedemptionFacts> {
    const { provider } = this.site.chain;
    const block = await provider.getBlock("latest");
    if (block?.hash == null) throw new Error("the chain has no block");
    const at = { number: block.number, hash: block.hash, timestamp: BigInt(block.timestamp) };
    return readRedemption(readerOf(this.site), this.deposit.address, 0, at);
  }

  async look(): Promise<FollowUpStep> {
    const facts = await this.facts();
    const sight = await lookAtBitcoin(this.bitcoin.servers, facts);
    this.seenChild = sight.payment.kind === "mempool" ? sight.payment.child?.txid : undefined;
    return followUp(facts, sight, FOLLOW_UP_POLICY);
  }

  /** Looks, and does everything; returns what it did. */
  async act(): Promise<FollowUpStep> {
    const step = await this.look();
    for (const action of step.actions) await this.perform(action);
    return step;
  }

  close(): Promise<void> {
    return this.bitcoin.close();
  }

  private async perform(action: NextAction): Promise<void> {
    const call = callOf(this.deposit.address, action);
    if (call !== undefined) await this.site.scenario.send(this.site.roles.redeemer, call.to, call.data);
    if (!isBitcoinAction(action)) return;
    const hands = { servers: this.bitcoin.servers, signer: keySigner(this.owner), book: this.book };
    const done = await carryOut(action, hands, this.seenChild);
    if (done.kind === "handed-over") this.result = done;
  }
}
