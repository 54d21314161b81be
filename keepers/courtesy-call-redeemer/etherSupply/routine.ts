/**
 * The supply with ether at one head: an open swap one step further, or perhaps another one begun. Row, then approval of exactly what is sold,
 * then, once that is in a block, the swap at prices of its own. Nothing here remembers anything that matters: a process that dies anywhere is
 * followed by one that reads the same, and finds the swap done, on its way, or not sent.
 */
import { toQuantity } from "ethers";

import { RetryableError } from "../../../protocol/errors.js";
import { minBigint } from "../../../protocol/math.js";
import { allowanceAbi, type Allowances } from "../allowances.js";
import { resetsOf } from "../approvals.js";
import { tokenAbi } from "../encode.js";
import type { Needs } from "../needs.js";
import type { Counters } from "../../kit/counters.js";
import { firstFees, type FeePolicy } from "../../kit/fees.js";
import { describeError, type Facts, type KeeperLog } from "../../kit/logger.js";
import { bytesOf, type Action, type EncodeAction } from "../../kit/policy/action.js";
import type { ChainClient, Head } from "../../kit/provider.js";
import { pinnedCall } from "../../kit/providers/confirm.js";
import type { RecordSink } from "../../kit/record.js";
import type { Intent, Submitter } from "../../kit/submitter.js";
import { amountFor, leastOut, swapDuty, wanted, type Skipped } from "./decide.js";
import { swapKey, type StoredSwaps, type SwapStore } from "./store.js";
import {
  ALARMING,
  type EtherRouter,
  type SupplyFacts,
  type SupplyPolicy,
  type Swap,
  type SwapOrder,
  type SwapStep,
} from "./types.js";

export interface EtherRoutineParts {
  readonly router: EtherRouter;
  /** What is sold; lower case. */
  readonly token: string;
  /** The approval of so much to the router, as the policy names it. */
  readonly approval: (amountUnits: bigint) => Action;
  readonly approvalGas: bigint;
  readonly account: string;
  readonly store: SwapStore;
  readonly allowances: Allowances;
  readonly client: Pick<ChainClient, "agreed" | "agreedEach">;
  readonly encode: EncodeAction;
  readonly submitter: Submitter;
  readonly policy: SupplyPolicy;
  readonly fees: FeePolicy;
  /** Within which a swap is mined or nothing; blocks and seconds mean the same. */
  readonly validBlocks: number;
  readonly deadlineSeconds: bigint;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
}

/** A price at which the amount may be sold now. */
type Priced = { readonly order: SwapOrder } | Skipped;

/** Depth makes the first one too large. */
const ESTIMATES = 2;
/** After something was refused, so many blocks pass before it is tried again. */
const REST_BLOCKS = 25;

export class EtherRoutine {
  private shown = "";
  private alarmed = false;
  private restsUntil = 0;

  constructor(private readonly parts: EtherRoutineParts) {}

  /** Units that a swap takes which is sent and not mined. @throws what the database throws */
  async heldUnits(): Promise<bigint> {
    const { open } = await this.parts.store.load();
    const state = open?.states.swap;
    return open !== undefined && (state === "assigned" || state === "signed") ? open.amountUnits : 0n;
  }

  /**
   * One step. What cannot be asked now is asked at the next head: rescues never wait for it.
   * @param acts false: nothing new is signed, books are kept all the same
   * @param needs undefined: unknown at this head, and nothing is begun
   */
  async run(head: Head, acts: boolean, needs: Needs | undefined): Promise<void> {
    const { store, counters, log } = this.parts;
    try {
      const stored = await store.load();
      const { open } = stored;
      if (open === undefined) {
        if (acts && head.number >= this.restsUntil) await this.open(stored, head, needs);
        return;
      }
      const duty = swapDuty(open);
      if (duty.do === "end") await this.end(open, duty.as, head);
      else if (duty.do === "wait") this.show(duty.why, duty.why === "unexpected", { ordinal: open.ordinal }, head);
      else if (acts) await this.goOn(open, stored, head, needs);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      counters.add("ether.failed-look");
      log.warn("ether.not-now", describeError(error));
    }
  }

  // --- Another one ---

  private async open(stored: StoredSwaps, head: Head, needs: Needs | undefined): Promise<void> {
    const { router, policy, store, token, record, log } = this.parts;
    const facts = await this.factsAt(head, stored, needs);
    const want = wanted(facts, policy);
    if ("skip" in want) {
      this.skip(want, head);
      return;
    }
    let amountUnits = want.mostUnits;
    for (let time = 0; time < ESTIMATES; time += 1) {
      const better = amountFor(want, amountUnits, await router.quotes(amountUnits, head));
      if (typeof better !== "bigint") {
        this.skip(better, head);
        return;
      }
      amountUnits = better;
    }
    const priced = await this.price(amountUnits, facts.allowedUnits, head);
    if ("skip" in priced) {
      this.skip(priced, head);
      return;
    }
    // Tried before anything is paid for it: an allowance is supposed where the token's way to keep one is known.
    const hindrance = await this.hindrance(priced.order, facts.allowedUnits, head);
    if (hindrance !== undefined) {
      this.refuse(`simulate-${hindrance}`, { amountUnits }, head);
      return;
    }
    const ordinal = stored.newest + 1n;
    const swap = { ordinal, token, amountUnits, beganBlock: BigInt(head.number) };
    const written = await store.begin(swap);
    if (!written.ok) {
      this.parts.counters.add(`books.${written.refusal}`);
      return;
    }
    const told: Facts = { ordinal, amountUnits, missingWei: want.missingWei, nativeWei: facts.nativeWei };
    this.show("begun", false, told, head);
    log.info("ether.begun", told);
    record.write({ kind: "ether.begun", block: head.number, facts: { ...told, needs: { ...needs } } });
    await this.step({ ...swap, states: {} }, priced.order, facts.allowedUnits, head);
  }

  // --- What was begun ---

  /** Nothing of it is on its way: is it still wanted, and at which price? */
  private async goOn(swap: Swap, stored: StoredSwaps, head: Head, needs: Needs | undefined): Promise<void> {
    const { policy } = this.parts;
    const { amountUnits } = swap;
    const facts = await this.factsAt(head, stored, needs, amountUnits);
    const want = wanted(facts, policy, minBigint(amountUnits, stored.committedUnits));
    if ("skip" in want) {
      if (want.skip === "needs-unknown") this.skip(want, head);
      else await this.giveUp(swap, want.skip, head);
      return;
    }
    // What was left over when it was begun is spoken for now.
    if (want.mostUnits < amountUnits) {
      await this.giveUp(swap, "tokens-needed", head);
      return;
    }
    const priced = await this.price(amountUnits, facts.allowedUnits, head);
    if ("skip" in priced) {
      if (this.isOld(swap, head)) await this.giveUp(swap, priced.skip, head);
      else this.skip(priced, head);
      return;
    }
    const hindrance = await this.hindrance(priced.order, facts.allowedUnits, head);
    if (hindrance !== undefined) {
      this.refuse(`simulate-${hindrance}`, { ordinal: swap.ordinal }, head);
      if (this.isOld(swap, head)) await this.giveUp(swap, hindrance, head);
      return;
    }
    if (head.number >= this.restsUntil) await this.step(swap, priced.order, facts.allowedUnits, head);
  }

  private async step(swap: Swap, order: SwapOrder, allowedUnits: bigint, head: Head): Promise<void> {
    const { router, approval, approvalGas, account } = this.parts;
    if (allowedUnits >= swap.amountUnits) {
      const action = router.swap(order, account);
      await this.send(swap, "swap", action, router.gasLimit, { leastOutWei: order.leastOutWei }, head);
    } else if (swap.states.approve === undefined) {
      if (allowedUnits > 0n && swap.states.clear === undefined && (await this.mustClear(swap, head))) {
        await this.send(swap, "clear", approval(0n), approvalGas, {}, head);
      } else {
        await this.send(swap, "approve", approval(swap.amountUnits), approvalGas, {}, head);
      }
    } else if (swap.states.approve === "final") {
      // Somebody has taken it back with the same key; another approval would be another effect.
      await this.giveUp(swap, "allowance-gone", head);
    }
  }

  /** A swap that was given up has left its approval. */
  private async mustClear({ amountUnits }: Swap, head: Head): Promise<boolean> {
    const { spender } = this.parts.router;
    return (await resetsOf(this.parts, new Map([[spender, amountUnits]]), false, head)).has(spender);
  }

  private isOld({ beganBlock }: Swap, head: Head): boolean {
    return BigInt(head.number) > beganBlock + BigInt(this.parts.validBlocks);
  }

  private async giveUp(swap: Swap, why: string, head: Head): Promise<void> {
    const written = await this.parts.store.giveUp(swap.ordinal);
    if (!written.ok) {
      this.parts.counters.add(`books.${written.refusal}`);
      return;
    }
    this.restsUntil = head.number + REST_BLOCKS;
    this.ended(swap, "given-up", { why }, head);
  }

  private async end(swap: Swap, as: "swapped" | "failed" | "cancelled", head: Head): Promise<void> {
    const written = await this.parts.store.end(swap.ordinal, as);
    if (!written.ok) {
      this.parts.counters.add(`books.${written.refusal}`);
      return;
    }
    if (as !== "swapped") this.restsUntil = head.number + REST_BLOCKS;
    this.ended(swap, as, {}, head);
  }

  private ended({ ordinal, amountUnits }: Swap, end: string, more: Facts, head: Head): void {
    const { counters, log, record } = this.parts;
    counters.add(`swaps.${end}`);
    const facts: Facts = { ordinal, amountUnits, ...more };
    log[end === "failed" ? "error" : "info"](`ether.${end}`, facts);
    record.write({ kind: `ether.${end}`, block: head.number, facts });
  }

  // --- The chain ---

  /** What enough nodes say alike. @throws RetryableError NO_QUORUM */
  private async factsAt(
    head: Head,
    { committedUnits, failed }: StoredSwaps,
    needs: Needs | undefined,
    amountUnits?: bigint,
  ): Promise<SupplyFacts & { readonly allowedUnits: bigint }> {
    const { client, account, token, router } = this.parts;
    const [native, units, allowed] = await client.agreed(head, [
      { method: "eth_getBalance", params: (at) => [account, at] },
      pinnedCall({ to: token, data: tokenAbi.encodeFunctionData("balanceOf", [account]) }),
      pinnedCall({ to: token, data: allowanceAbi.encodeFunctionData("allowance", [account, router.spender]) }),
    ]);
    const allowedUnits = BigInt(String(allowed));
    const isAllowed = amountUnits !== undefined && allowedUnits >= amountUnits;
    return {
      nativeWei: BigInt(String(native)),
      tokenUnits: BigInt(String(units)),
      ...{ allowedUnits, needs, committedUnits, failedToday: failed, gasWei: this.gasWei(head, isAllowed) },
    };
  }

  /** What is approved already is not paid for again. */
  private gasWei({ nextBaseFeeWei }: Head, isAllowed: boolean): bigint {
    const { approvalGas, router, fees } = this.parts;
    const offered = firstFees(fees, nextBaseFeeWei)?.maxFeePerGasWei ?? fees.maxFeePerGasWei;
    return ((isAllowed ? 0n : approvalGas) + router.gasLimit) * offered;
  }

  private async price(amountUnits: bigint, allowedUnits: bigint, head: Head): Promise<Priced> {
    const { router, policy, deadlineSeconds } = this.parts;
    const gasWei = this.gasWei(head, allowedUnits >= amountUnits);
    const least = leastOut(amountUnits, await router.quotes(amountUnits, head), policy, gasWei);
    if ("skip" in least) return least;
    return { order: { amountUnits, ...least, deadline: BigInt(head.timestamp) + deadlineSeconds } };
  }

  /** Why the chain would refuse the swap now; undefined when it would not, or nobody can say before the approval. */
  private async hindrance(order: SwapOrder, allowedUnits: bigint, head: Head): Promise<string | undefined> {
    const { client, account, router, allowances, token, encode } = this.parts;
    const { to, data } = bytesOf(encode, router.swap(order, account));
    const isAllowed = allowedUnits >= order.amountUnits;
    const over = isAllowed ? undefined : await allowances.granted(token, account, router.spender, head);
    if (!isAllowed && over === undefined) return undefined;
    const request = { from: account, to, data, gas: toQuantity(router.gasLimit) };
    const params = (at: unknown): readonly unknown[] => (over === undefined ? [request, at] : [request, at, over]);
    const [answer] = await client.agreedEach(head, [{ method: "eth_call", params }]);
    return answer?.ok === false ? router.refusal(answer.error) : undefined;
  }

  /** What the outbox throws is an answer too: the books will say. */
  private async send(
    swap: Swap,
    step: SwapStep,
    action: Action,
    gasLimit: bigint,
    more: Facts,
    head: Head,
  ): Promise<void> {
    const { encode, submitter, fees, validBlocks, counters, log, record } = this.parts;
    const intent: Intent = {
      ...{ key: swapKey(swap.ordinal, step), action, ...bytesOf(encode, action), valueWei: 0n, gasLimit },
      ...{ maxFeePerGasWei: fees.maxFeePerGasWei, validUntilBlock: head.number + validBlocks },
    };
    const facts: Facts = { key: intent.key, amountUnits: swap.amountUnits, ...more };
    try {
      const submission = await submitter.submit(intent, head);
      if (submission.accepted) {
        counters.add(`sent.${action.name}`);
        log.info("ether.sent", facts);
        record.write({ kind: "ether.sent", block: head.number, facts });
        return;
      }
      counters.add(`sent.refused.${submission.refusal}`);
      this.refuse(`not-submitted-${submission.refusal}`, facts, head);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      counters.add("sent.unknown");
      log.warn("send.unknown", { ...facts, ...describeError(error) });
    }
  }

  // --- What people see ---

  private skip({ skip, detail }: Skipped, head: Head): void {
    this.show(skip, ALARMING.has(skip), detail === undefined ? {} : { detail }, head);
  }

  private refuse(why: string, facts: Facts, head: Head): void {
    this.restsUntil = head.number + REST_BLOCKS;
    this.show(why, true, facts, head);
  }

  /** Told when it changes; what somebody should look at as a warning, and its end. */
  private show(why: string, isAlarming: boolean, facts: Facts, head: Head): void {
    const { log, record, counters } = this.parts;
    counters.add(`ether.${why}`);
    if (this.shown === why) return;
    this.shown = why;
    const told: Facts = { why, ...facts };
    if (isAlarming) log.warn("ether.stuck", told);
    else if (this.alarmed) log.info("ether.going-on", told);
    this.alarmed = isAlarming;
    record.write({ kind: "ether.step", block: head.number, facts: told });
  }
}
