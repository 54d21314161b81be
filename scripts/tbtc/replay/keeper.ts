/** The keeper as a replay starts it: its own settings where they are about deciding, and everything else made for the stage. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openRehearsal, type Rehearsal } from "../../../keepers/courtesy-call-redeemer/rehearsal.js";
import type { Env } from "../../../keepers/kit/env.js";
import { NOBODYS_ADDRESS } from "../bitcoin.js";
import type { ReplayWorld } from "./world.js";

/** Settings that a replay takes from the environment: how the keeper decides and what it offers. */
const DECIDING = [
  "REDEEMER_MODE",
  "COLLATERALISATION_THRESHOLD",
  "REDEEMER_DANGER_BUFFER_PERCENT",
  "REDEEMER_URGENT_SECONDS",
  "REDEEMER_MARGIN_SECONDS",
  "REDEEMER_RESERVE_ETH",
  "REDEEMER_RESERVE_TBTC",
  "REDEEMER_FEE_SHARE_PERCENT",
  "BTC_MAX_FEE",
  "BTC_MAX_FEE_PERCENT",
  "REDEEMER_PLAN_SUMS",
  "REDEEMER_VALID_BLOCKS",
  "COOLDOWN",
  "KEEPER_MAX_FEE_GWEI",
  "KEEPER_PRIORITY_FEE_GWEI",
  "KEEPER_REPLACE_AFTER_BLOCKS",
  "KEEPER_LOG_LEVEL",
] as const;

/** Blocks of a replay are minutes apart, and none is ever unwound. */
const CONFIRMATIONS = "2";
/** Limits of a day count by the clock on the wall, on which a history takes a minute. */
const UNLIMITED = {
  REDEEMER_TBTC_PER_DAY: "1000000",
  REDEEMER_ETH_PER_DAY: "1000000",
  REDEEMER_CALLS_PER_HOUR: "100000",
};
const MS_PER_SECOND = 1_000;

/** @param databaseUrl of a new database with all migrations. */
export async function startReplayKeeper(world: ReplayWorld, databaseUrl: string, env: Env): Promise<Rehearsal> {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-replay-"));
  try {
    const systemFile = join(folder, "system.json");
    writeFileSync(systemFile, JSON.stringify({ addresses: world.scenario.world.addresses }));
    const own = Object.fromEntries(DECIDING.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
    return await openRehearsal(
      "localhost",
      {
        REDEEMER_MODE: "self-courtesy",
        KEEPER_LOG_LEVEL: "silent",
        ...own,
        ...UNLIMITED,
        LOCALHOST_RPC_URL: world.url,
        DATABASE_URL: databaseUrl,
        KEEPER_CONFIRMATIONS: CONFIRMATIONS,
        // Nobody else wants the lease; a busy machine must not lose it.
        KEEPER_LEASE_SECONDS: "300",
        KEEPER_RPC_TIMEOUT_MS: "60000",
        OPERATORS: world.operator,
        REDEEMER_SYSTEM_FILE: systemFile,
        REDEEMER_LOCAL_ACCOUNT: world.roles.redeemer,
        BTC_NETWORK: "regtest",
        BTC_WALLET_PUBLIC_KEY: NOBODYS_ADDRESS,
      },
      () => world.chain.seconds * MS_PER_SECOND,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
