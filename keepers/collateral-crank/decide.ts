/** What may be done now, and why not the rest. Pure. What cannot be known from accounts alone, such as limits, the simulation says. */
import type { Address } from "@solana/kit";

import type {
  MultiSigAccount,
  PendingWithdrawalAccount,
  ProposalOfMultiSig,
  VaultAccount,
} from "../../protocol/solana/accounts.js";
import { freshPrice, paramsAt, positionHealth, type Position } from "../../protocol/solana/positionHealth.js";
import type { Action, ActionKind, Decision, Observation, Skip, SkipReason } from "./types.js";

export interface DecideOptions {
  /** The crank's key; undefined in a dry run without one. */
  readonly signer: Address | undefined;
  /** What it does at all. */
  readonly kinds: ReadonlySet<ActionKind>;
  /** A liquidation below it is left to others; base units. */
  readonly minRewardUnits: bigint;
  readonly maxActions: number;
}

/** What happened before this tick. */
export interface Memory {
  /** Keys of effects that are on their way. */
  readonly inFlight: ReadonlySet<string>;
  /** Keys that rest, and what is known of them. */
  readonly rests: ReadonlyMap<string, Rest>;
  /** Kinds of which too many transactions have failed on the chain. */
  readonly failing: ReadonlySet<ActionKind>;
}

export interface Rest {
  readonly untilSlot: bigint;
  /** Simulations and transactions of it that have failed. */
  readonly failures: number;
}

type Verdict = SkipReason | undefined;

export function decide(seen: Observation, options: DecideOptions, memory: Memory): Decision {
  const actions: Action[] = [];
  const skips: Skip[] = [];
  for (const { verdict, ...action } of candidates(seen, options, memory)) {
    const { kind, subject } = action;
    const reason =
      verdict ??
      remembered(seen.slot, action, memory) ??
      (actions.length < options.maxActions ? undefined : "too-many");
    if (reason === undefined) actions.push(action);
    else skips.push({ kind, subject, reason });
  }
  return { actions, skips };
}

type Candidate = Action & { readonly verdict: Verdict };

/**
 * Liquidations first: they are the ones that get worse by waiting. What has failed less often comes before the rest of its kind: nobody
 * keeps others waiting with many requests that can never be executed.
 */
function candidates(seen: Observation, options: DecideOptions, { rests }: Memory): readonly Candidate[] {
  const failures = ({ key }: Candidate): number => rests.get(key)?.failures ?? 0;
  const of: Readonly<Record<ActionKind, () => readonly Candidate[]>> = {
    liquidation: () =>
      each("liquidation", seen.positions, (subject, position) => [
        `liquidation:${subject}:${String(position.openedAt)}`,
        liquidation(seen, position, options),
      ]),
    unpause: () => unpause(seen),
    withdrawal: () =>
      each("withdrawal", seen.withdrawals, (subject, request) => [`withdrawal:${subject}`, withdrawal(seen, request)]),
    "multi-sig": () =>
      each("multi-sig", seen.multiSigs, (subject, multiSig) =>
        multiSig.pendingOwners === undefined
          ? undefined
          : [
              `multi-sig:${subject}:${String(multiSig.epoch)}:${String(multiSig.pendingOwners.countsFromSeconds)}`,
              multiSigChange(seen, multiSig, multiSig.pendingOwners.countsFromSeconds),
            ],
      ),
    proposal: () =>
      each("proposal", seen.proposals, (subject, found) => [
        `proposal:${subject}:${String(found.epoch)}:${String(found.createdAtSeconds)}`,
        proposal(seen, found),
      ]),
  };
  const order = ["liquidation", "unpause", "withdrawal", "multi-sig", "proposal"] as const;
  return order
    .filter((kind) => options.kinds.has(kind))
    .flatMap((kind) => of[kind]().toSorted((one, other) => failures(one) - failures(other)));
}

function each<T>(
  kind: ActionKind,
  accounts: ReadonlyMap<Address, T>,
  look: (address: Address, account: T) => readonly [key: string, verdict: Verdict] | undefined,
): readonly Candidate[] {
  return [...accounts].flatMap(([subject, account]) => {
    const found = look(subject, account);
    return found === undefined ? [] : [{ kind, subject, key: found[0], verdict: found[1] }];
  });
}

function remembered(slot: bigint, { kind, key }: Action, { inFlight, rests, failing }: Memory): Verdict {
  if (inFlight.has(key)) return "in-flight";
  if (failing.has(kind)) return "too-many-failures";
  return slot < (rests.get(key)?.untilSlot ?? 0n) ? "backoff" : undefined;
}

/** Everything stops. */
function frozen({ authority, nowSeconds }: Observation): Verdict {
  return authority !== undefined && nowSeconds < authority.frozenUntil ? "frozen" : undefined;
}

function paused({ authority, nowSeconds }: Observation): Verdict {
  return authority !== undefined && nowSeconds < authority.pausedUntil ? "paused" : undefined;
}

/** Everything stops, or this vault. */
function stopped(seen: Observation, vault: Address): Verdict {
  const { vaults, nowSeconds } = seen;
  const found = vaults.get(vault);
  if (found === undefined) return "vault-missing";
  return frozen(seen) ?? (isFrozen(found, nowSeconds) ? "vault-frozen" : undefined);
}

function isFrozen(found: VaultAccount, nowSeconds: bigint): boolean {
  return found.frozenUntilSeconds !== undefined && nowSeconds < found.frozenUntilSeconds;
}

function withdrawal(seen: Observation, request: PendingWithdrawalAccount): Verdict {
  const { vaults, balances, tokens, nowSeconds } = seen;
  if (nowSeconds < request.maturesAtSeconds) return "not-matured";
  const halted = stopped(seen, request.vault);
  if (halted !== undefined) return halted;
  if (vaults.get(request.vault)?.configVersion !== request.configVersion) return "stale-config";
  const balance = balances.get(request.balance);
  if (balance === undefined || balance.availableUnits < request.amountUnits) return "balance-too-low";
  const from = tokens.get(balance.vaultTokens);
  if (from === undefined || from.isFrozen) return "tokens-frozen";
  const to = tokens.get(request.destinationTokens);
  if (to === undefined) return "destination-closed";
  if (to.owner !== request.destination || to.mint !== balance.mint) return "destination-changed";
  return to.isFrozen ? "destination-frozen" : undefined;
}

/** A pause that nobody has ended; none is no candidate at all. */
function unpause({ authority, nowSeconds }: Observation): readonly Candidate[] {
  if (authority === undefined || authority.isPauseOpen === 0) return [];
  const verdict = nowSeconds < authority.pausedUntil ? "paused" : undefined;
  const key = `unpause:${String(authority.recentPauses[0] ?? 0n)}`;
  return [{ kind: "unpause", subject: authority.guardian, key, verdict }];
}

function multiSigChange(seen: Observation, { vault }: MultiSigAccount, fromSeconds: bigint): Verdict {
  const halted = stopped(seen, vault) ?? paused(seen);
  return halted ?? (seen.nowSeconds < fromSeconds ? "still-waiting" : undefined);
}

function proposal({ multiSigs, nowSeconds }: Observation, found: ProposalOfMultiSig): Verdict {
  const isStale = multiSigs.get(found.multiSig)?.epoch !== found.epoch;
  return found.state === "open" && nowSeconds < found.expiresAtSeconds && !isStale ? "proposal-open" : undefined;
}

function liquidation(seen: Observation, position: Position, { signer, minRewardUnits }: DecideOptions): Verdict {
  const { nowSeconds, markets, prices, locks, vaults, balances } = seen;
  if (position.owner === signer) return "own-position";
  const market = markets.get(position.market);
  const price = [...prices.values()].find((entry) => entry.market === position.market);
  const collateral = market?.collaterals.find(({ mint }) => mint === position.mint);
  if (market === undefined || price === undefined || collateral === undefined) return "not-listed";
  const params = paramsAt(market, nowSeconds);
  const fresh = freshPrice(price, params, nowSeconds);
  if (fresh === undefined) return "price-stale";
  const health = positionHealth(position, locks.get(position.programLock), fresh, collateral, params, nowSeconds);
  if (!health.isLiquidatable) return "healthy";
  const own = [...vaults].find(([, { owner }]) => owner === signer);
  if (own === undefined) return "no-own-vault";
  const hasBalance = [...balances.values()].some(({ vault, mint }) => vault === own[0] && mint === position.mint);
  if (!hasBalance) return "no-own-balance";
  // What is locked settles also out of a vault whose owner has frozen it.
  const halted = frozen(seen) ?? paused(seen);
  if (halted !== undefined) return halted;
  return health.rewardUnits < minRewardUnits ? "reward-too-small" : undefined;
}
