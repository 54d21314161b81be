/** Everything that the monitor needs, checked. Changes nothing and starts nothing. */
import { readCheckpoint } from "../../db/queries/collateral/readCheckpoint.js";
import { openDiscrepancies } from "../../db/queries/collateral/reconciliations.js";
import { alertCheck } from "../kit/alerts/open.js";
import { databaseChecks } from "../kit/databaseChecks.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import type { Env } from "../kit/env.js";
import { clusterChecks } from "../kit/solana/checks.js";
import type { SolanaConnection } from "../kit/solana/connection.js";
import type { MonitorConfig } from "./config.js";

export const KEEPER_NAME = "collateral-monitor";

/** Checks without which nothing can be watched. */
export const GATE: ReadonlySet<string> = new Set(["rpc", "genesis", "program"]);

type Connection = SolanaConnection<MonitorConfig>;

/** What a start asks. */
export function startChecks(connection: Connection): Promise<readonly Check[]> {
  return runChecks([...clusterChecks(connection, programOf(connection)), alertCheck(connection, false)]);
}

export async function doctorChecks(connection: Connection, env: Env, alertTest: boolean): Promise<readonly Check[]> {
  const { config, chainId } = connection;
  const { local } = config.network;
  const { databaseFolder } = config;
  const database = databaseChecks({ keeper: KEEPER_NAME, env, databaseFolder, role: "monitor_rw", local });
  const program = programOf(connection);
  const own: CheckPlan[] = [
    {
      name: "records",
      expected: "a copy that writes, or none that ever did",
      fix: `start one: npm run keeper -- ${KEEPER_NAME} --network ${config.network.name} --execute`,
      needs: ["schema", "genesis"],
      look: async () => {
        const found = await readCheckpoint(database.db(), { chainId: await chainId(), program });
        if (found === undefined) return { ok: true, found: "nothing was recorded yet" };
        const who = found.isHeld ? `${found.owner} writes` : `nobody writes; last ${found.owner}`;
        return { ok: found.isHeld, found: `${who}; history read up to slot ${String(found.slot)}` };
      },
    },
    {
      name: "discrepancies",
      expected: "none open",
      fix: "look at reconciliation_logs and at the accounts that are named; the README says what each code means",
      needs: ["schema", "genesis"],
      look: async () => {
        const all = await openDiscrepancies(database.db(), await chainId());
        const open = all.filter(({ severity }) => severity !== "info");
        const named = open.slice(0, 5).map(({ code, subject }) => `${code} ${subject}`);
        return {
          ok: open.length === 0,
          found: open.length === 0 ? "none" : `${String(open.length)}: ${named.join(", ")}`,
        };
      },
    },
  ];
  try {
    return await runChecks([
      ...clusterChecks(connection, program),
      alertCheck(connection, alertTest),
      ...database.plans,
      ...database.unlessStopped(own),
    ]);
  } finally {
    await database.close();
  }
}

export function programOf({ config }: Connection): string {
  return config.network.programIds["collateral-vault"];
}
