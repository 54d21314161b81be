/**
 * Which positions are rescued with what is there. Classes in strict order; inside a class the sum of
 *     chance of liquidation · loss - cost
 * is largest (selection.ts). Of equally good choices of a class the one that leaves the next class more is taken. Between positions that
 * are alike in cost and worth the earlier deadline goes first, then the larger one, then the lower address; everything is put in that
 * order before it is looked at, so that the order of the input does not matter.
 *
 * Needs count at their upper limits, gas limit times highest fee with the gas of settling it later; worths at what is expected, rounded
 * against acting. The gas that a batch needs once is set aside before anything is chosen.
 */
import { maxBigint } from "../../../protocol/math.js";
import { URGENCIES, type Action, type Skip, type Urgency } from "../types.js";
import { chosenOf, NOTHING, select, type Group, type Proof, type Sum, type Weights } from "./selection.js";

/** A position that could be rescued, and how. */
export interface Candidate {
  readonly position: string;
  readonly urgency: Urgency;
  readonly sizeUnits: bigint;
  /** End of its window, unix seconds; undefined when none runs. */
  readonly deadline: bigint | undefined;
  /** Expected to be lost if nothing is done, or promised for doing it. */
  readonly atStakeWei: bigint;
  readonly options: readonly Action[];
}

export interface Means {
  /** The token that is planned with. */
  readonly token: string;
  /** To spend, reserves and what is on its way taken off already (spendable). */
  readonly tokenUnits: bigint;
  readonly nativeWei: bigint;
  /** Per gas: what is expected, and the most that a transaction may ever offer. */
  readonly gasPriceWei: bigint;
  readonly maxFeePerGasWei: bigint;
  /** Gas that a batch needs once, whatever is in it. */
  readonly batchGasLimit: bigint;
  /** Partial sums of one class after which the search ends. */
  readonly sumLimit: number;
}

export interface Choice {
  readonly candidate: Candidate;
  readonly action: Action;
  readonly worthWei: bigint;
  readonly nativeWei: bigint;
}

/** A position that is worth a rescue for which there were no means. */
export interface Uncovered {
  readonly position: string;
  readonly urgency: Urgency;
  readonly sizeUnits: bigint;
  /** Of the cheapest way. */
  readonly costUnits: bigint;
  readonly deadline: bigint | undefined;
}

export interface RescuePlan {
  /** Most urgent first. */
  readonly chosen: readonly Choice[];
  readonly rejected: readonly Skip[];
  readonly uncovered: readonly Uncovered[];
  /** What would have to be added to the means so that nothing is uncovered and each goes its best way; 0 when nothing is. */
  readonly shortfall: { readonly tokenUnits: bigint; readonly nativeWei: bigint };
  readonly classes: readonly {
    readonly urgency: Urgency;
    readonly worthWei: bigint;
    readonly proof: Proof;
    readonly gapWei: bigint;
  }[];
}

/** What is on its way from here: still to be paid, and still to be settled. */
export interface OnItsWay {
  /** Not mined yet; 0 once it is. */
  readonly unpaidUnits: bigint;
  readonly unpaidGas: bigint;
  readonly followUpGas: bigint;
}

/** What may be spent of balances: reserves, unpaid rescues and the gas of settling those on their way stay. Never negative. */
export function spendable(
  balance: { readonly tokenUnits: bigint; readonly nativeWei: bigint },
  reserve: { readonly tokenUnits: bigint; readonly nativeWei: bigint },
  onItsWay: readonly OnItsWay[],
  maxFeePerGasWei: bigint,
): { readonly tokenUnits: bigint; readonly nativeWei: bigint } {
  const units = onItsWay.reduce((sum, { unpaidUnits }) => sum + unpaidUnits, reserve.tokenUnits);
  const gas = onItsWay.reduce((sum, { unpaidGas, followUpGas }) => sum + unpaidGas + followUpGas, 0n);
  return {
    tokenUnits: maxBigint(balance.tokenUnits - units, 0n),
    nativeWei: maxBigint(balance.nativeWei - reserve.nativeWei - gas * maxFeePerGasWei, 0n),
  };
}

/** What a rescue is expected to cost besides what comes back, its settling included. Wei. */
export function costWei({ expenseWei, gasEstimate, followUpGas }: Action, gasPriceWei: bigint): bigint {
  return expenseWei + (gasEstimate + followUpGas) * gasPriceWei;
}

/** Most native coin that a rescue can take, its settling included. */
export function nativeNeedWei({ calls, gasLimit, followUpGas }: Action, maxFeePerGasWei: bigint): bigint {
  return calls.reduce((sum, { valueWei }) => sum + valueWei, (gasLimit + followUpGas) * maxFeePerGasWei);
}

/** A candidate with the options that are worth it. */
interface Wanted {
  readonly candidate: Candidate;
  readonly options: readonly Choice[];
}

export function plan(candidates: readonly Candidate[], means: Means): RescuePlan {
  const rejected: Skip[] = [];
  const wanted: Wanted[] = [];
  const seen = new Set<string>();
  for (const candidate of [...candidates].sort(inTurn)) {
    // One position is rescued once, whatever a reader says twice.
    if (seen.has(candidate.position)) continue;
    seen.add(candidate.position);
    const found = worthwhile(candidate, means);
    if ("reason" in found) rejected.push(found);
    else wanted.push(found);
  }
  const budget: Weights = [
    maxBigint(means.tokenUnits, 0n),
    maxBigint(means.nativeWei - means.batchGasLimit * means.maxFeePerGasWei, 0n),
  ];
  const { choices, classes } = chooseByClass(wanted, budget, means.sumLimit);
  const chosen = wanted.flatMap(({ candidate }) => choices.get(candidate.position) ?? []);
  const left = wanted.filter(({ candidate }) => !choices.has(candidate.position));
  // With enough of both, each would go its best way.
  const full = wanted.map(({ options }) => bestOf(options));
  const needUnits = full.reduce((sum, { action }) => sum + action.costUnits, 0n);
  const needWei = full.reduce((sum, { nativeWei }) => sum + nativeWei, means.batchGasLimit * means.maxFeePerGasWei);
  return {
    chosen,
    rejected: [...rejected, ...left.map((each) => budgetSkip(each, budget))],
    uncovered: left.map(({ candidate: { position, urgency, sizeUnits, deadline }, options }) => {
      const { costUnits } = leastOf(options).action;
      return { position, urgency, sizeUnits, costUnits, deadline };
    }),
    shortfall:
      left.length === 0
        ? { tokenUnits: 0n, nativeWei: 0n }
        : {
            tokenUnits: maxBigint(needUnits - means.tokenUnits, 0n),
            nativeWei: maxBigint(needWei - means.nativeWei, 0n),
          },
    classes,
  };
}

function chooseByClass(
  wanted: readonly Wanted[],
  budget: Weights,
  sumLimit: number,
): { readonly choices: ReadonlyMap<string, Choice>; readonly classes: RescuePlan["classes"] } {
  // What all together could not exhaust is no limit, and not looked at.
  const heaviest = (side: 0 | 1): bigint =>
    wanted.reduce(
      (sum, { options }) => sum + options.map((option) => weightsOf(option)[side]).reduce(maxBigint, 0n),
      0n,
    );
  const limited = [heaviest(0) > budget[0], heaviest(1) > budget[1]] as const;
  const groupOf = ({ options }: Wanted): Group =>
    options.map((option) => {
      const [tokenUnits, nativeWei] = weightsOf(option);
      return { weights: [limited[0] ? tokenUnits : 0n, limited[1] ? nativeWei : 0n], worth: option.worthWei };
    });
  const present = URGENCIES.filter((urgency) => wanted.some(({ candidate }) => candidate.urgency === urgency));
  const members = present.map((urgency) => wanted.filter(({ candidate }) => candidate.urgency === urgency));
  const classes: RescuePlan["classes"][number][] = [];
  // A choice of a class ends a chain of steps; the steps of each class lie between the ends of two classes.
  let ends: readonly Sum[] = [NOTHING];
  const starts: (readonly Sum[])[] = [];
  for (const [index, urgency] of present.entries()) {
    starts.push(ends);
    const groups = (members[index] ?? []).map(groupOf);
    const found = select(groups, ends, budget, { sumLimit, all: index < present.length - 1 });
    classes.push({ urgency, worthWei: found.best[0]?.worth ?? 0n, proof: found.proof, gapWei: found.gap });
    ends = found.best;
  }
  const choices = new Map<string, Choice>();
  let end = ends[0] ?? NOTHING;
  for (let index = present.length - 1; index >= 0; index--) {
    const group = members[index] ?? [];
    const from = starts[index] ?? [];
    for (const [position, choice] of settleTies(group, chosenOf(end, from))) choices.set(position, choice);
    end = startOf(end, from);
  }
  return { choices, classes };
}

/** The start that a chain of steps began from. */
function startOf(end: Sum, starts: readonly Sum[]): Sum {
  const lasts = new Set(starts.map(({ last }) => last));
  let sum = end;
  while (!lasts.has(sum.last) && sum.last !== undefined) sum = sum.last.before;
  return sum;
}

/** Among positions that are alike in costs and worths those that come first in order are the chosen ones. */
function settleTies(group: readonly Wanted[], chosen: ReadonlyMap<number, number>): ReadonlyMap<string, Choice> {
  const alike = new Map<string, number[]>();
  for (const [index, { options }] of group.entries()) {
    const key = options.map((option) => [...weightsOf(option), option.worthWei].join("/")).join(" ");
    alike.set(key, [...(alike.get(key) ?? []), index]);
  }
  const settled = new Map<string, Choice>();
  for (const indexes of alike.values()) {
    const taken = indexes.flatMap((index) => chosen.get(index) ?? []).sort((a, b) => a - b);
    for (const [place, option] of taken.entries()) {
      const each = group[indexes[place] ?? -1];
      const choice = each?.options[option];
      if (each !== undefined && choice !== undefined) settled.set(each.candidate.position, choice);
    }
  }
  return settled;
}

function worthwhile(candidate: Candidate, means: Means): Wanted | Skip {
  const about = candidate.position;
  if (candidate.options.length === 0) return { about, reason: "no-option" };
  // What costs nothing of any token can be paid with every one.
  const payable = candidate.options.filter(
    ({ costToken, costUnits }) => costUnits === 0n || costToken.toLowerCase() === means.token.toLowerCase(),
  );
  if (payable.length === 0) return { about, reason: "other-token" };
  const options = payable
    .map((action): Choice => {
      const worthWei = candidate.atStakeWei - costWei(action, means.gasPriceWei);
      return { candidate, action, worthWei, nativeWei: nativeNeedWei(action, means.maxFeePerGasWei) };
    })
    .sort(cheaperFirst);
  const worth = options.filter(({ worthWei }) => worthWei > 0n);
  if (worth.length > 0) return { candidate, options: worth };
  const least = options.map(({ action }) => costWei(action, means.gasPriceWei)).sort(byValue)[0] ?? 0n;
  return { about, reason: "not-worth-it", now: candidate.atStakeWei, needed: least, unit: "wei" };
}

function budgetSkip({ candidate, options }: Wanted, [tokenUnits, nativeWei]: Weights): Skip {
  const about = candidate.position;
  const { action } = leastOf(options);
  if (action.costUnits > tokenUnits)
    return { about, reason: "over-token-budget", now: tokenUnits, needed: action.costUnits, unit: "token-units" };
  const payable = options.filter((option) => option.action.costUnits <= tokenUnits);
  const leastWei = payable.map((option) => option.nativeWei).sort(byValue)[0] ?? 0n;
  if (leastWei > nativeWei)
    return { about, reason: "over-native-budget", now: nativeWei, needed: leastWei, unit: "wei" };
  return { about, reason: "over-budget", needed: action.costUnits, unit: "token-units" };
}

function weightsOf({ action, nativeWei }: Choice): Weights {
  return [action.costUnits, nativeWei];
}

/** Worth most; of the same worth the cheapest. */
function bestOf(options: readonly Choice[]): Choice {
  return options.reduce((best, option) => (option.worthWei > best.worthWei ? option : best), leastOf(options));
}

/** The first of options that are in order. */
function leastOf(options: readonly Choice[]): Choice {
  const [least] = options;
  if (least === undefined) throw new RangeError("a wanted position has an option");
  return least;
}

function byValue(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function cheaperFirst(a: Choice, b: Choice): number {
  return (
    byValue(a.action.costUnits, b.action.costUnits) ||
    byValue(a.nativeWei, b.nativeWei) ||
    byValue(b.worthWei, a.worthWei) ||
    (a.action.effect < b.action.effect ? -1 : a.action.effect === b.action.effect ? 0 : 1)
  );
}

/** Class, deadline (none comes last), size descending, address. */
function inTurn(a: Candidate, b: Candidate): number {
  if (a.urgency !== b.urgency) return a.urgency < b.urgency ? -1 : 1;
  if (a.deadline !== b.deadline) {
    if (a.deadline === undefined) return 1;
    if (b.deadline === undefined) return -1;
    return a.deadline < b.deadline ? -1 : 1;
  }
  return byValue(b.sizeUnits, a.sizeUnits) || (a.position < b.position ? -1 : a.position === b.position ? 0 : 1);
}
