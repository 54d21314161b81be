/** Everything that the crank needs, checked. Changes nothing and starts nothing. */
import { alertCheck } from "../kit/alerts/open.js";
import { databaseChecks } from "../kit/databaseChecks.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import type { Env } from "../kit/env.js";
import { policyCheck } from "../kit/policy/acceptance.js";
import type { SolanaPolicy } from "../kit/policy/solana/types.js";
import { clusterChecks } from "../kit/solana/checks.js";
import type { SolanaConnection } from "../kit/solana/connection.js";
import type { SolanaSigner } from "../kit/solana/signer.js";
import type { CrankConfig } from "./config.js";
import { GIVEN_BY_ANYBODY, rolesOf } from "./keyRoles.js";
import type { CrankReader } from "./observe.js";
import { KEEPER_NAME } from "./policy.js";

/** Checks without which nothing is decided; the key's count only where there is one. */
export const GATE: ReadonlySet<string> = new Set(["rpc", "genesis", "program", "key", "key-roles", "key-balance"]);

export interface CrankSeat {
  readonly connection: SolanaConnection<CrankConfig>;
  readonly reader: CrankReader;
  readonly signer: SolanaSigner | undefined;
}

/** What a start asks. */
export function startChecks(seat: CrankSeat, execute: boolean): Promise<readonly Check[]> {
  return runChecks([...ownChecks(seat, execute), alertCheck(seat.connection, false)]);
}

export async function doctorChecks(
  seat: CrankSeat,
  env: Env,
  alertTest: boolean,
  compile: (chainId: string) => SolanaPolicy,
): Promise<readonly Check[]> {
  const { config, chainId } = seat.connection;
  const { databaseFolder, policyAccept } = config;
  const { local } = config.network;
  const database = databaseChecks({ keeper: KEEPER_NAME, env, databaseFolder, role: "keeper_rw", local });
  const policy: CheckPlan = {
    name: "policy",
    expected: "the policy of the last start, or one that was named",
    fix: "read npm run keeper -- collateral-crank policy, then start with KEEPER_POLICY_ACCEPT set to its hash",
    needs: ["schema", "genesis"],
    look: async () => {
      const compiled = compile(await chainId());
      return policyCheck(() => compiled, database.db(), { named: policyAccept, local }).look();
    },
  };
  try {
    return await runChecks([
      ...ownChecks(seat, false),
      alertCheck(seat.connection, alertTest),
      ...database.plans,
      ...database.unlessStopped([policy]),
    ]);
  } finally {
    await database.close();
  }
}

function ownChecks({ connection, reader, signer }: CrankSeat, needKey: boolean): readonly CheckPlan[] {
  const { config } = connection;
  const observed = once(() => reader.observe());
  const cluster = clusterChecks(connection, config.network.programIds["collateral-vault"]);
  return [
    ...cluster,
    {
      name: "key",
      expected: needKey ? "a key that opens" : "a key that opens, or none for a dry run",
      fix: "set KEEPER_KEYSTORE_FILE and KEEPER_KEYSTORE_PASSPHRASE",
      look: () =>
        Promise.resolve({
          ok: signer !== undefined || !needKey,
          found: signer?.address ?? "none: only dry runs",
        }),
    },
    {
      name: "key-roles",
      expected: "a key that holds no role",
      fix: "give the crank a key of its own, which only pays fees; against roles that strangers gave it: CRANK_GIVEN_ROLES=accept",
      needs: ["program"],
      look: async () => {
        if (signer === undefined) return { ok: true, found: "no key" };
        const all = rolesOf(signer.address, await observed(), config.ownVault);
        const roles = all.filter((role) => !config.givenRoles || !GIVEN_BY_ANYBODY.has(role));
        return { ok: roles.length === 0, found: roles.length === 0 ? "none" : roles.join(", ") };
      },
    },
    {
      name: "key-balance",
      expected: `at most ${String(config.maxLamports)} lamports`,
      fix: "take out what is too much, or raise CRANK_MAX_LAMPORTS",
      needs: ["program"],
      look: async () => {
        if (signer === undefined) return { ok: true, found: "no key" };
        const { lamports } = await observed();
        return { ok: lamports <= config.maxLamports, found: `${String(lamports)} lamports` };
      },
    },
    {
      name: "fees",
      expected: `at least ${String(config.minLamports)} lamports`,
      fix: "send lamports to the crank's address",
      needs: ["program"],
      look: async () => {
        if (signer === undefined) return { ok: true, found: "no key" };
        const { lamports } = await observed();
        return { ok: lamports >= config.minLamports, found: `${String(lamports)} lamports` };
      },
    },
  ];
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
