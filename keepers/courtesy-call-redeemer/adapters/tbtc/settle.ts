/**
 * What a redemption that was requested leaves to do: the Bitcoin clock has begun, and each of its ends takes the bond. Both chains are
 * looked at anew each time (bitcoin/followUp.ts decides); of that nothing is remembered here.
 */
import { PermanentError, RetryableError } from "../../../../protocol/errors.js";
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { connectTbtc, type TbtcContracts } from "../../../../protocol/tbtc/contracts.js";
import { depositStateName, SETTLING_STATES } from "../../../../protocol/tbtc/states.js";
import { depositSlots, wordAddress, wordValue } from "../../../../protocol/tbtc/storage.js";
import type { ChainClient } from "../../../kit/provider.js";
import { readPinned } from "../../../kit/providers/pinned.js";
import { callOf, mayStill, stepOf } from "../../bitcoin/calls.js";
import { carryOut, instructionFor, isBitcoinAction } from "../../bitcoin/carryOut.js";
import type { ChildSigner } from "../../bitcoin/child.js";
import { lookAtBitcoin } from "../../bitcoin/electrum/look.js";
import type { ElectrumServers } from "../../bitcoin/electrum/servers.js";
import { explainAlert } from "../../bitcoin/explain.js";
import type { BitcoinFacts, RedemptionFacts } from "../../bitcoin/facts.js";
import { FOLLOW_UP_POLICY, followUp, type FollowUpPolicy, type NextAction } from "../../bitcoin/followUp.js";
import type { RelayEpochs } from "../../bitcoin/proof.js";
import { readRedemption } from "../../bitcoin/readRedemption.js";
import type { BlockRef, FollowUp, Position, Settlement, Trouble } from "../../types.js";
import type { AgreedReads } from "./agreedReads.js";
import { addressOf, answered, numberOf, slotRead, view } from "./views.js";

/** What of Bitcoin can be asked and done. */
export interface BitcoinSide {
  /** undefined: none is named; nothing can be seen there or handed over. */
  readonly servers: ElectrumServers | undefined;
  /** Of the operator's output; undefined: he is told what to sign. */
  readonly childSigner: ChildSigner | undefined;
  readonly policy: FollowUpPolicy;
}

export const NO_BITCOIN: BitcoinSide = { servers: undefined, childSigner: undefined, policy: FOLLOW_UP_POLICY };

const BLIND: BitcoinFacts = {
  payment: { kind: "unknown", reason: "too-few-servers" },
  nextBlockSatPerKvb: undefined,
};

export class TbtcSettlement {
  private readonly contracts: TbtcContracts;

  constructor(
    private readonly client: Pick<ChainClient, "ask" | "provider">,
    private readonly reads: Pick<AgreedReads, "read">,
    private readonly addresses: TbtcAddresses,
    private readonly bitcoin: BitcoinSide,
  ) {
    this.contracts = connectTbtc(addresses, client.provider);
  }

  /** @throws RetryableError BTC_BLOCK_GONE, NO_QUORUM, TBTC_LOGS_OMITTED: ask again at another block, or another node. */
  async settle({ id }: Position, since: number, block: BlockRef): Promise<Settlement> {
    const relay = (at: BlockRef): Promise<RelayEpochs> => this.relay(at);
    const reader = { contracts: this.contracts, provider: this.client.provider, relay };
    const facts = await readRedemption(reader, id, since, block);
    await this.assertComplete(facts, block);
    const sight = await this.look(facts);
    const step = followUp(facts, sight, this.bitcoin.policy);
    const seenChild = sight.payment.kind === "mempool" ? sight.payment.child?.txid : undefined;
    return {
      position: id,
      stage: step.stage,
      facts: {
        state: depositStateName(facts.state),
        requests: String(facts.requests.length),
        feeSat: String(facts.requests.at(-1)?.feeSat ?? 0n),
        bitcoin: sight.payment.kind === "unknown" ? sight.payment.reason : sight.payment.kind,
        ...("txid" in sight.payment ? { txid: sight.payment.txid } : {}),
        confirmations: String(step.confirmations),
        ...(step.changesAt === undefined ? {} : { changesAt: String(step.changesAt) }),
      },
      followUps: step.actions.flatMap((action) => this.followUpOf(action, facts, seenChild)),
      troubles: [
        ...step.alerts.map((name): Trouble => ({ name, ...explainAlert(name) })),
        ...step.actions.flatMap((action) => this.byHand(action)),
      ],
      mayStill: (one) => mayStill(one, facts),
    };
  }

  private followUpOf(action: NextAction, facts: RedemptionFacts, seenChild: string | undefined): readonly FollowUp[] {
    const { servers, childSigner: signer } = this.bitcoin;
    const what = {
      position: facts.deposit,
      kind: action.kind,
      step: stepOf(action, facts),
      dueAt: "dueAt" in action ? action.dueAt : undefined,
    };
    const call = callOf(facts.deposit, action);
    if (call !== undefined) return [{ ...what, calls: [call] }];
    if (servers === undefined || !isBitcoinAction(action)) return [];
    return [{ ...what, calls: [], perform: (book) => carryOut(action, { servers, signer, book }, seenChild) }];
  }

  /** What a person must sign, because no key of the output is here. */
  private byHand(action: NextAction): readonly Trouble[] {
    if (action.kind !== "pay-by-child" || this.bitcoin.childSigner !== undefined) return [];
    const summary =
      "The redemption's payment is stuck and no key of its output is set up here: sign the child by hand, as `status` shows it.";
    return [{ name: "child-by-hand", severity: "critical", summary, detail: instructionFor(action.plan) }];
  }

  /** A node that lies about it would make liars of all Bitcoin servers. */
  private async relay(block: BlockRef): Promise<RelayEpochs> {
    const { system } = this.addresses;
    const [current, previous] = [
      view("system", system, "fetchRelayCurrentDifficulty"),
      view("system", system, "fetchRelayPreviousDifficulty"),
    ];
    const answers = await this.reads.read(block, [current.read, previous.read]);
    return {
      currentDifficulty: numberOf(current.decode(answers[0])),
      previousDifficulty: numberOf(previous.decode(answers[1])),
    };
  }

  private async look(facts: RedemptionFacts): Promise<BitcoinFacts> {
    const { servers } = this.bitcoin;
    if (servers === undefined || !SETTLING_STATES.has(facts.state)) return BLIND;
    try {
      return await lookAtBitcoin(servers, facts);
    } catch (error) {
      // A request that makes no payment has nothing to look for; what follows from the facts says so.
      if (error instanceof PermanentError) return BLIND;
      throw error;
    }
  }

  /** The deposit's own clock says when it was last asked: a node that leaves out that log must not make anybody forget it. */
  private async assertComplete({ deposit, state, requests }: RedemptionFacts, block: BlockRef): Promise<void> {
    if (!SETTLING_STATES.has(state)) return;
    const keep = view("deposit", deposit, "keepAddress");
    const answers = await readPinned(this.client, block, [
      keep.read,
      slotRead(deposit, depositSlots.keepAddress, block),
      slotRead(deposit, depositSlots.withdrawalRequestTime, block),
    ]);
    const [named, keepWord, timeWord] = answers.map(answered);
    const isLaidOut = wordAddress(keepWord) === addressOf(keep.decode(named));
    const requestedAt = isLaidOut ? wordValue(timeWord) : undefined;
    const newest = requests.at(-1)?.requestedAt;
    if (newest !== undefined && (requestedAt === undefined || requestedAt === newest)) return;
    throw new RetryableError(
      "TBTC_LOGS_OMITTED",
      `the newest request of the redemption of ${deposit} is in no log`,
      "ask another node",
      { deposit, block: String(block.number) },
    );
  }
}
