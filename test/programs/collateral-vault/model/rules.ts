/**
 * The collateral vault as docs/spec.md and docs/collateral-vault.md tell it, without the program: what each instruction may do, which
 * rules a call breaks, and what is so afterwards. Every amount in base units, every time in unix seconds. Written from the documents;
 * it shares nothing with the program but the names of errors.
 */

export const DAY = 86_400n;
const WEEK = 7n * DAY;
/** Longest life of a proposal. */
export const FORTNIGHT = 14n * DAY;
const HALF_HOUR = 1_800n;
const U64_MAX = 2n ** 64n - 1n;
const MAX_DELAY = 30n * DAY;

/** Errors that a call deserves; any of them is right, none at all means it must succeed. */
export type Broken = readonly string[];

export interface Limits {
  readonly perTransaction: bigint;
  readonly capacity: bigint;
  readonly refillPerDay: bigint;
}

export interface Waiting<T> {
  readonly value: T;
  readonly at: bigint;
}

/** Which mint, with its fee. */
export interface MintModel {
  readonly decimals: number;
  readonly feeBps: bigint;
  readonly maxFeeUnits: bigint;
}

export interface BalanceModel {
  readonly vault: VaultModel;
  readonly mint: MintModel;
  total: bigint;
  held: bigint;
  seqNum: bigint;
  limits: Limits | undefined;
  waitingLimits: Waiting<Limits> | undefined;
  /** What may leave at `filledAt`, times 86,400. */
  bucket: bigint;
  filledAt: bigint;
  readonly locks: Map<ProgramModel, LockModel>;
  pending: number;
}

export interface LockModel {
  locked: bigint;
  cap: bigint;
  waitingCap: Waiting<bigint> | undefined;
  revokedAt: bigint;
}

export interface ConfigModel {
  delay: bigint;
  waitingDelay: Waiting<bigint> | undefined;
  isWhitelistOn: boolean;
  whitelistOffAt: bigint;
  readonly whitelist: Map<string, bigint>;
  /** From when the vault may be closed. */
  closingAt: bigint;
  vetoer: string | undefined;
  waitingVetoer: Waiting<string | undefined> | undefined;
}

export interface MultiSigModel {
  owners: readonly string[];
  threshold: number;
  /** Counts changes of the owners within this multi-sig. */
  epoch: number;
  waiting: Waiting<{ readonly owners: readonly string[]; readonly threshold: number }> | undefined;
  /** How many proposals each place among the owners has made. */
  readonly proposals: bigint[];
}

export interface VaultModel {
  readonly owner: string;
  isOpen: boolean;
  version: number;
  config: ConfigModel | undefined;
  multiSig: MultiSigModel | undefined;
  /** A first multi-sig that does not count yet. */
  firstMultiSig: Waiting<{ readonly owners: readonly string[]; readonly threshold: number }> | undefined;
  frozenAt: bigint;
  frozenUntil: bigint;
  lastTimestamp: bigint;
  pending: number;
  readonly balances: Map<MintModel, BalanceModel>;
}

export interface PendingModel {
  readonly balance: BalanceModel;
  readonly amount: bigint;
  readonly minimumReceived: bigint;
  readonly destination: string;
  readonly maturesAt: bigint;
  readonly version: number;
  readonly timestamp: bigint;
}

export interface ProgramModel {
  isListed: boolean;
  activeAt: bigint;
  revokedAt: bigint;
  /** Slot of the deployment that was listed or confirmed, and of the one that is there. */
  listedSlot: bigint;
  slot: bigint;
  /** Which code was listed, and which is there. */
  listedCode: number;
  code: number;
}

export const lockedOf = (balance: BalanceModel): bigint =>
  [...balance.locks.values()].reduce((sum, { locked }) => sum + locked, 0n);
export const availableOf = (balance: BalanceModel): bigint => balance.total - lockedOf(balance);

/** What of `amount` arrives: Token-2022 rounds its fee up. */
export function receivedOf({ feeBps, maxFeeUnits }: MintModel, amount: bigint): bigint {
  const fee = (amount * feeBps + 9_999n) / 10_000n;
  return amount - (fee < maxFeeUnits ? fee : maxFeeUnits);
}

/** The nearest amount that the program can be told. */
export const fitting = (amount: bigint): bigint => (amount > U64_MAX ? U64_MAX : amount);

/** What is wrong with asking for at least `minimumReceived` of `amount`. */
export function minimum(mint: MintModel, amount: bigint, minimumReceived: bigint): string[] {
  return [
    ...(minimumReceived > amount ? ["BadMinimum"] : []),
    ...(minimumReceived > receivedOf(mint, amount) ? ["LessReceived"] : []),
  ];
}

const least = (...values: readonly bigint[]): bigint => values.reduce((most, value) => (value < most ? value : most));
const maximum = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The program's own state, and the clock. */
export class World {
  now: bigint;
  pausedUntil = 0n;
  rowBeganAt = 0n;
  inRow = 0;
  pauses: bigint[] = [];
  isPauseOpen = false;
  unpauseAt = 0n;
  frozenAt = 0n;
  frozenUntil = 0n;

  constructor(now: bigint) {
    this.now = now;
  }

  get isPaused(): boolean {
    return this.now < this.pausedUntil;
  }

  get isFrozen(): boolean {
    return this.now < this.frozenUntil;
  }

  /** What stops deposits, locks, transfers and loosening. */
  stopped(vault?: VaultModel): string[] {
    return [
      ...(this.isFrozen ? ["Frozen"] : []),
      ...(this.isPaused ? ["Paused"] : []),
      ...(vault !== undefined && this.now < vault.frozenUntil ? ["VaultFrozen"] : []),
    ];
  }

  /** What stops withdrawals. */
  shut(vault: VaultModel): string[] {
    return this.stopped(vault).filter((name) => name !== "Paused");
  }

  /** Waits are measured by a clock that stands still in a pause or a freeze. */
  waitClock(vault: VaultModel): bigint {
    return least(
      this.now,
      ...(this.isPaused ? [this.rowBeganAt] : []),
      ...(this.isFrozen ? [this.frozenAt] : []),
      ...(this.now < vault.frozenUntil ? [vault.frozenAt] : []),
    );
  }

  pause(): { readonly broken: Broken; commit(): void } {
    const recent = this.pauses.filter((at) => this.now < at + DAY).length;
    const isInRow = this.pausedUntil !== 0n && this.now < this.pausedUntil + HALF_HOUR;
    const broken = [...(recent >= 3 || (isInRow && this.inRow >= 2) ? ["PauseExhausted"] : [])];
    return {
      broken,
      commit: () => {
        if (!isInRow || !this.isPaused) this.rowBeganAt = this.now;
        this.inRow = isInRow ? this.inRow + 1 : 1;
        this.pausedUntil = maximum(this.now, this.pausedUntil) + HALF_HOUR;
        this.isPauseOpen = true;
        this.unpauseAt = 0n;
        this.pauses.push(this.now);
      },
    };
  }

  unpause(isAdmin: boolean): { readonly broken: Broken; commit(): void } {
    const isEarly = isAdmin && this.unpauseAt !== 0n && this.now >= this.unpauseAt;
    const broken = [...(this.isPauseOpen ? [] : ["NotPaused"]), ...(this.isPaused && !isEarly ? ["PauseNotOver"] : [])];
    return {
      broken,
      commit: () => {
        this.pausedUntil = least(this.pausedUntil, this.now);
        this.isPauseOpen = false;
        this.unpauseAt = 0n;
      },
    };
  }

  freeze(
    target: { frozenAt: bigint; frozenUntil: bigint },
    seconds: bigint,
  ): { readonly broken: Broken; commit(): void } {
    return {
      broken: [
        ...(target.frozenAt !== 0n && this.now < target.frozenAt + WEEK ? ["FreezeTooSoon"] : []),
        ...(seconds <= 0n || seconds > DAY ? ["BadFreezeDuration"] : []),
      ],
      commit: () => {
        target.frozenAt = this.now;
        target.frozenUntil = this.now + seconds;
      },
    };
  }
}

/** The configuration as it counts at `time`. */
export function effectiveConfig(config: ConfigModel, time: bigint): ConfigModel {
  const { waitingDelay, waitingVetoer } = config;
  const delayCame = waitingDelay !== undefined && time >= waitingDelay.at;
  const vetoerCame = waitingVetoer !== undefined && time >= waitingVetoer.at;
  const offCame = config.whitelistOffAt !== 0n && time >= config.whitelistOffAt;
  return {
    ...config,
    delay: delayCame ? waitingDelay.value : config.delay,
    waitingDelay: delayCame ? undefined : waitingDelay,
    vetoer: vetoerCame ? waitingVetoer.value : config.vetoer,
    waitingVetoer: vetoerCame ? undefined : waitingVetoer,
    isWhitelistOn: config.isWhitelistOn && !offCame,
    whitelistOffAt: offCame ? 0n : config.whitelistOffAt,
  };
}

/** From when a loosening of this vault counts. */
export function loosensAt(world: World, vault: VaultModel): bigint {
  const delay = vault.config === undefined ? 0n : effectiveConfig(vault.config, world.waitClock(vault)).delay;
  return world.now + maximum(delay, DAY);
}

export function mayReceive(world: World, vault: VaultModel, wallet: string): boolean {
  const config = vault.config === undefined ? undefined : effectiveConfig(vault.config, world.waitClock(vault));
  if (config?.isWhitelistOn !== true) return wallet === vault.owner;
  const from = config.whitelist.get(wallet);
  return from !== undefined && world.waitClock(vault) >= from;
}

/** Limits and bucket of a balance as they are now. */
export function effectiveLimits(
  world: World,
  balance: BalanceModel,
): Pick<BalanceModel, "limits" | "waitingLimits" | "bucket" | "filledAt"> {
  let { limits, waitingLimits, bucket, filledAt } = balance;
  const fill = (until: bigint): void => {
    if (limits === undefined || until <= filledAt) return;
    bucket = least(bucket + limits.refillPerDay * (until - filledAt), limits.capacity * DAY);
    filledAt = until;
  };
  if (waitingLimits !== undefined && world.waitClock(balance.vault) >= waitingLimits.at) {
    if (limits === undefined) {
      bucket = 0n;
      filledAt = waitingLimits.at;
    } else fill(waitingLimits.at);
    limits = waitingLimits.value;
    waitingLimits = undefined;
    bucket = least(bucket, limits.capacity * DAY);
  }
  fill(world.now);
  return { limits, waitingLimits, bucket, filledAt };
}

/** A payment out of a balance: rules and effect, apart from who asks. */
export function payment(
  world: World,
  balance: BalanceModel,
  amount: bigint,
  destination: string,
): { readonly broken: Broken; commit(): void } {
  const { vault } = balance;
  const now = effectiveLimits(world, balance);
  const { limits } = now;
  const broken = [
    ...world.shut(vault),
    ...(amount === 0n ? ["ZeroAmount"] : []),
    ...(amount > availableOf(balance) ? ["InsufficientAvailable"] : []),
    ...(mayReceive(world, vault, destination) ? [] : ["DestinationNotAllowed"]),
    ...(limits === undefined && vault.config !== undefined ? ["LimitUnset"] : []),
    ...(limits !== undefined && amount > limits.perTransaction ? ["TransactionLimit"] : []),
    ...(limits !== undefined && amount * DAY > now.bucket ? dailyLimit(now.bucket, amount) : []),
  ];
  return {
    broken,
    commit: () => {
      Object.assign(balance, now);
      if (limits !== undefined) balance.bucket -= amount * DAY;
      balance.total -= amount;
      balance.held -= amount;
      balance.seqNum += 1n;
    },
  };
}

/** Whole units are what can leave. */
function dailyLimit(bucket: bigint, amount: bigint): string[] {
  return amount > bucket / DAY ? ["DailyLimit"] : [];
}

/** Highest limits: what a balance must have that forgets its limits when it closes. */
export const OPEN: Limits = { perTransaction: U64_MAX, capacity: U64_MAX / 2n, refillPerDay: U64_MAX / 2n };

/** Rules that would be gone with a balance that is closed and opened again. */
export function forgotten(world: World, balance: BalanceModel): string[] {
  const { limits } = effectiveLimits(world, balance);
  if (balance.vault.config !== undefined || limits === undefined) return [];
  const isOpen =
    limits.perTransaction >= OPEN.perTransaction &&
    limits.capacity >= OPEN.capacity &&
    limits.refillPerDay >= OPEN.refillPerDay;
  return isOpen ? [] : ["RulesInForce"];
}

export function setLimits(
  world: World,
  balance: BalanceModel,
  limits: Limits,
): { readonly broken: Broken; commit(): void } {
  const { vault } = balance;
  const now = effectiveLimits(world, balance);
  const current = now.limits;
  const isLower =
    current === undefined
      ? vault.config === undefined
      : limits.perTransaction <= current.perTransaction &&
        limits.capacity <= current.capacity &&
        limits.refillPerDay <= current.refillPerDay;
  return {
    broken: [
      ...(limits.capacity + limits.refillPerDay > U64_MAX ? ["BadLimit"] : []),
      ...(isLower ? [] : world.stopped(vault)),
    ],
    commit: () => {
      Object.assign(balance, now);
      vault.version += 1;
      if (!isLower) {
        balance.waitingLimits = { value: limits, at: loosensAt(world, vault) };
        return;
      }
      if (current === undefined) {
        balance.bucket = limits.capacity * DAY;
        balance.filledAt = world.now;
      }
      balance.limits = limits;
      balance.bucket = least(balance.bucket, limits.capacity * DAY);
      balance.waitingLimits = undefined;
    },
  };
}

/** The program may lock and transfer. */
export function inactive(world: World, program: ProgramModel): string[] {
  return [
    ...(program.revokedAt === 0n ? [] : ["ProgramRevoked"]),
    ...(world.now >= program.activeAt ? [] : ["ProgramNotActive"]),
    ...(program.slot === program.listedSlot ? [] : ["ProgramUpgraded"]),
  ];
}

export function capOf(world: World, vault: VaultModel, lock: LockModel): bigint {
  const { waitingCap } = lock;
  return waitingCap !== undefined && world.waitClock(vault) >= waitingCap.at ? waitingCap.value : lock.cap;
}

/** The cap as it counts, written down. */
export function settleCap(world: World, vault: VaultModel, lock: LockModel): void {
  const cap = capOf(world, vault, lock);
  if (lock.waitingCap !== undefined && world.waitClock(vault) >= lock.waitingCap.at) lock.waitingCap = undefined;
  lock.cap = cap;
}

export const isReleasable = (world: World, lock: LockModel, program: ProgramModel): boolean =>
  [lock.revokedAt, program.revokedAt].some((at) => at !== 0n && world.now >= at + WEEK);

export const isSettleable = (world: World, lock: LockModel): boolean =>
  lock.revokedAt === 0n || world.now < lock.revokedAt + WEEK;

export const isDelay = (seconds: bigint): boolean => seconds >= 0n && seconds <= MAX_DELAY;

export function areOwners(owners: readonly string[], threshold: number, zero: string): boolean {
  return (
    owners.length >= 1 &&
    owners.length <= 10 &&
    new Set(owners).size === owners.length &&
    !owners.includes(zero) &&
    threshold >= 1 &&
    threshold <= owners.length
  );
}
