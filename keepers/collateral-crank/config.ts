import { z } from "zod";

import { ConfigError, integer, setting, type Env, type Settings, type SettingsOf } from "../kit/env.js";
import { kitSettings } from "../kit/config.js";
import { SOLANA_KEY_VARIABLES } from "../kit/solana/key.js";
import { loadSolanaConfig, type SolanaConfig } from "../kit/solana/settings.js";
import { ACTION_KINDS, type ActionKind } from "./types.js";

const { leaseSeconds, policyAccept } = kitSettings;

/** Lamports and the like: whole numbers in their smallest unit. */
const whole = (least: bigint, most: bigint): z.ZodType<bigint, string> =>
  z
    .string()
    .regex(/^\d{1,20}$/, "must be a whole number")
    .transform(BigInt)
    .refine((value) => value >= least && value <= most, `must be from ${String(least)} to ${String(most)}`);

const kinds: z.ZodType<ReadonlySet<ActionKind>, string> = z
  .string()
  .transform((text) => text.split(/[ ,]+/).filter((word) => word !== ""))
  .pipe(z.array(z.enum(ACTION_KINDS)).min(1))
  .transform((words) => new Set<ActionKind>(words));

export const crankSettings = {
  kinds: setting({
    env: "CRANK_DOES",
    schema: kinds,
    default: "withdrawal,unpause,multi-sig,proposal,liquidation",
    doc: "What it does: `withdrawal` executes matured ones, `unpause` ends expired pauses, `multi-sig` applies waiting owners, `proposal` closes finished ones, `liquidation` closes positions that are below their maintenance margin.",
  }),
  ownVault: setting({
    env: "CRANK_OWN_VAULT",
    schema: z.enum(["refuse", "allow"]).transform((word) => word === "allow"),
    default: "refuse",
    doc: "`allow`: the key may own a vault, into which rewards of liquidations go; without one it liquidates nothing. What is in that vault is at the mercy of the key: empty it often.",
  }),
  givenRoles: setting({
    env: "CRANK_GIVEN_ROLES",
    schema: z.enum(["refuse", "accept"]).transform((word) => word === "accept"),
    default: "refuse",
    doc: "`accept`: the key may start although it is an owner of a multi-sig or a vetoer, roles that strangers may give to any key in vaults of their own.",
  }),
  minRewardUnits: setting({
    env: "CRANK_MIN_REWARD_UNITS",
    schema: whole(0n, 2n ** 64n - 1n),
    default: "0",
    doc: "Least reward of a liquidation, base units of the mint.",
  }),
  minLamports: setting({
    env: "CRANK_MIN_LAMPORTS",
    schema: whole(0n, 10n ** 18n),
    default: "5000000",
    doc: "Balance of the key below which it pauses and people are told.",
  }),
  maxLamports: setting({
    env: "CRANK_MAX_LAMPORTS",
    schema: whole(1n, 10n ** 18n),
    default: "1000000000",
    doc: "Balance of the key above which it does not start: the key shall be worth nothing to steal.",
  }),
  baseMicroLamportsPerUnit: setting({
    env: "CRANK_BASE_PRICE",
    schema: whole(0n, 10_000_000n),
    default: "1000",
    doc: "Price of first bytes, micro-lamports per compute unit.",
  }),
  maxMicroLamportsPerUnit: setting({
    env: "CRANK_MAX_PRICE",
    schema: whole(0n, 10_000_000n),
    default: "50000",
    doc: "Highest price, later bytes included; part of the policy.",
  }),
  feeLamportsPerDay: setting({
    env: "CRANK_FEE_LAMPORTS_PER_DAY",
    schema: whole(2n, 10n ** 15n),
    default: "20000000",
    doc: "Fees in any 24 hours; part of the policy.",
  }),
  transactionsPerHour: setting({
    env: "CRANK_TRANSACTIONS_PER_HOUR",
    schema: integer(2, 100_000),
    default: "600",
    doc: "Transactions of each kind in any hour; part of the policy.",
  }),
  mostFailuresPerHour: setting({
    env: "CRANK_MAX_FAILURES_PER_HOUR",
    schema: integer(0, 100_000),
    default: "20",
    doc: "Transactions of one kind and hour that may fail on the chain although their simulations did not; with more that kind waits until they are an hour old.",
  }),
  maxActions: setting({
    env: "CRANK_MAX_ACTIONS",
    schema: integer(1, 32),
    default: "16",
    doc: "Transactions of one look at the cluster.",
  }),
  validBlocks: setting({
    env: "CRANK_VALID_BLOCKS",
    schema: integer(1, 10_000),
    default: "300",
    doc: "Blocks after a decision in which bytes for it may be signed.",
  }),
  restSlots: setting({
    env: "CRANK_REST_SLOTS",
    schema: integer(1, 1_000_000),
    default: "150",
    doc: "Slots for which an effect rests after its simulation failed.",
  }),
  ...{ leaseSeconds, policyAccept },
} as const satisfies Settings;

export type CrankConfig = SettingsOf<typeof crankSettings> & SolanaConfig;

/** @throws ConfigError with every problem at once; UsageError UNKNOWN_NETWORK. */
export function loadConfig(network: string, env: Env): CrankConfig {
  const config: CrankConfig = loadSolanaConfig(crankSettings, "CRANK_", network, env, SOLANA_KEY_VARIABLES);
  const { baseMicroLamportsPerUnit: base, maxMicroLamportsPerUnit: most } = config;
  if (base <= most) return config;
  throw new ConfigError([
    {
      env: crankSettings.baseMicroLamportsPerUnit.env,
      message: `must not be above ${String(most)}, the highest price`,
    },
  ]);
}
