/**
 * A plan as transactions, pure: one approval per spender, of exactly what is taken (where the token replaces none, after one of 0), and then the calls of every rescue, most urgent first.
 * All of them share the soonest deadline, so that they rise together and land in one block. What does not fit into the outbox, or could
 * not pay the next block from its share of what is at stake, waits.
 */
import { maxBigint, minBigint } from "../../protocol/math.js";
import type { NewRescue } from "../../db/queries/rescue/rows.js";
import type { Escalation } from "../kit/outbox/escalation.js";
import { bytesOf, type Action as TypedAction, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { Intent } from "../kit/submitter.js";
import { feeCeilingWei } from "./bump.js";
import type { Endangered } from "./decide.js";
import { approvalAction, APPROVAL_GAS } from "./encode.js";
import { stepKey } from "./store.js";
import type { Choice } from "./strategies/planner.js";
import type { Call } from "./types.js";

export interface BatchConfig {
  readonly maxFeePerGasWei: bigint;
  readonly stakeShareBps: bigint;
  readonly validBlocks: number;
  readonly secondsPerAttempt: bigint;
}

export interface BatchParts {
  readonly head: Head;
  /** Transactions that the outbox has room for. */
  readonly room: number;
  /** Rescues of one batch. */
  readonly most: number;
  readonly endangered: ReadonlyMap<string, Endangered>;
  readonly stageOf: (position: string) => "open" | "called";
  /** Ordinal of the newest rescue of each position. */
  readonly begun: ReadonlyMap<string, bigint>;
  readonly encode: EncodeAction;
  /** undefined: nothing that may be signed. */
  readonly typed: (call: Call) => TypedAction | undefined;
  /** Spenders whose allowance must be 0 before it can be another. */
  readonly resets: ReadonlySet<string>;
  /** Promised instead of lost, where it is done for others. */
  readonly stakeWei: (choice: Choice) => bigint;
}

/** Why a chosen rescue is not in the batch. */
export type LeftReason =
  /** No room in the outbox: at the next block. */
  | "window"
  /** Its share of what is at stake does not pay the next block. */
  | "fee-ceiling"
  /** No rule of the policy is about one of its calls. */
  | "not-signable";

export interface Batch {
  readonly rescues: readonly NewRescue[];
  readonly intents: readonly Intent[];
  readonly left: readonly { readonly about: string; readonly reason: LeftReason }[];
}

interface Part {
  readonly choice: Choice;
  readonly rescue: NewRescue;
  readonly actions: readonly { readonly call: Call; readonly typed: TypedAction }[];
  readonly ceilingWei: bigint;
  readonly actBy: bigint | undefined;
}

export function buildBatch(chosen: readonly Choice[], config: BatchConfig, parts: BatchParts): Batch {
  const left: { about: string; reason: LeftReason }[] = [];
  const taken: Part[] = [];
  const spenders = new Set<string>();
  let room = parts.room;
  for (const choice of chosen) {
    if (taken.length >= parts.most) break;
    const { position: about } = choice.candidate;
    const part = partOf(choice, config, parts);
    if (part === undefined) {
      left.push({ about, reason: "not-signable" });
      continue;
    }
    if (part.ceilingWei < (parts.head.nextBaseFeeWei ?? 0n)) {
      left.push({ about, reason: "fee-ceiling" });
      continue;
    }
    const spender = choice.action.allowance?.spender;
    const approvals = spender === undefined || spenders.has(spender) ? 0 : parts.resets.has(spender) ? 2 : 1;
    const needed = part.actions.length + approvals;
    if (needed > room) {
      left.push({ about, reason: "window" });
      continue;
    }
    room -= needed;
    if (spender !== undefined) spenders.add(spender);
    taken.push(part);
  }
  return { rescues: taken.map(({ rescue }) => rescue), intents: intentsOf(taken, config, parts), left };
}

function partOf(choice: Choice, config: BatchConfig, parts: BatchParts): Part | undefined {
  const { action, candidate } = choice;
  const { position } = candidate;
  if (action.effect === "liquidate") return undefined;
  const actions = action.calls.flatMap((call) => {
    const typed = parts.typed(call);
    return typed === undefined ? [] : [{ call, typed }];
  });
  if (actions.length === 0 || actions.length < action.calls.length) return undefined;
  const stakeWei = parts.stakeWei(choice);
  const found = parts.endangered.get(position);
  const rescue: NewRescue = {
    position,
    ordinal: (parts.begun.get(position) ?? 0n) + 1n,
    effect: action.effect,
    stage: parts.stageOf(position),
    steps: actions.length,
    costUnits: action.costUnits,
    spender: action.allowance?.spender ?? null,
    gasLimit: action.gasLimit,
    followUpGas: action.followUpGas,
    stakeWei,
    deadline: candidate.deadline ?? null,
    beganBlock: BigInt(parts.head.number),
  };
  // A shared approval is the batch's; counted here it makes the ceiling a little lower than it could be.
  const ceilingWei = feeCeilingWei(stakeWei, action.gasLimit + APPROVAL_GAS, config);
  return { choice, rescue, actions, ceilingWei, actBy: found?.actBy };
}

function intentsOf(taken: readonly Part[], config: BatchConfig, parts: BatchParts): readonly Intent[] {
  const deadlines = taken.flatMap(({ actBy }) => actBy ?? []);
  const [soonest, ...others] = deadlines;
  const escalation: Escalation | undefined =
    soonest === undefined
      ? undefined
      : { mineBy: others.reduce(minBigint, soonest), secondsPerAttempt: config.secondsPerAttempt };
  const { head, encode } = parts;
  const intent = (
    key: string,
    action: TypedAction,
    valueWei: bigint,
    gasLimit: bigint,
    ceilingWei: bigint,
  ): Intent => ({
    ...{ key, action, ...bytesOf(encode, action), valueWei, gasLimit },
    maxFeePerGasWei: ceilingWei,
    validUntilBlock: head.number + config.validBlocks,
    ...(escalation === undefined ? {} : { escalation }),
  });
  const spenders = [...new Set(taken.flatMap(({ rescue }) => rescue.spender ?? []))];
  const approvals = spenders.flatMap((spender): Intent[] => {
    const served = taken.filter(({ rescue }) => rescue.spender === spender);
    const [first] = served;
    if (first === undefined) return [];
    const units = served.reduce((sum, { choice }) => sum + (choice.action.allowance?.units ?? 0n), 0n);
    // It stands before all of them: what the dearest may pay, it may pay.
    const ceilingWei = served.map((part) => part.ceilingWei).reduce(maxBigint);
    const approve = (word: string, value: bigint): Intent => {
      const key = `${word}:${spender}:${stepKey(first.rescue, 0)}`;
      return intent(key, approvalAction(spender, value), 0n, APPROVAL_GAS, ceilingWei);
    };
    return [...(parts.resets.has(spender) ? [approve("reset", 0n)] : []), approve("approve", units)];
  });
  const calls = taken.flatMap(({ rescue, actions, ceilingWei, choice }) =>
    actions.map(({ call, typed }, step) => {
      const gasLimit = call.gasLimit ?? choice.action.gasLimit;
      return intent(stepKey(rescue, step), typed, call.valueWei, gasLimit, ceilingWei);
    }),
  );
  return [...approvals, ...calls];
}
