/** What `doctor` says about the database of any keeper. Reads only, and starts nothing. */
import type { Database } from "../../db/database.js";
import { assertDurable } from "../../db/durability.js";
import { observeDatabase, type ObservedDatabase } from "../../db/open.js";
import { readClockUs } from "../../db/queries/policy/clock.js";
import type { DatabaseRole } from "../../db/roles.js";
import { CantileverError } from "../../protocol/errors.js";
import type { CheckPlan } from "./doctor.js";
import type { Env } from "./env.js";

export interface DatabaseCheckParts {
  readonly keeper: string;
  readonly env: Env;
  readonly databaseFolder: string | undefined;
  readonly role: DatabaseRole;
  /** A chain of this machine: what is lost there is lost. */
  readonly local: boolean;
  /** Opens the database that the keeper uses; left out: as `env` and the configuration say. */
  readonly open?: (() => ReturnType<typeof observeDatabase>) | undefined;
}

export interface DatabaseChecks {
  /** `database`, `schema`, `durability` and `database-clock`. */
  readonly plans: readonly CheckPlan[];
  /** For checks that need `schema`. */
  readonly db: () => Database;
  /** Further checks, which pass unasked while an embedded server does not run. */
  readonly unlessStopped: (plans: readonly CheckPlan[]) => readonly CheckPlan[];
  /** After the checks were made. */
  readonly close: () => Promise<void>;
}

/** Clocks of database and process may differ by this much: leases run by the database's, freshness by ours. */
const MAX_SKEW_MS = 5_000;

export function databaseChecks(parts: DatabaseCheckParts): DatabaseChecks {
  const { local } = parts;
  let opened: ObservedDatabase | undefined;
  let isStopped = false;
  let schemaError: CantileverError | undefined;
  const db = (): Database => {
    if (opened === undefined) throw new Error("an earlier check did not open the database");
    return opened.database;
  };
  // What is stopped cannot be asked, and that is no fault: doctor changes nothing.
  const unlessStopped = (plans: readonly CheckPlan[]): readonly CheckPlan[] =>
    plans.map((plan) => ({
      ...plan,
      look: () => (isStopped ? good("not asked: the database does not run") : plan.look()),
    }));
  const database: CheckPlan = {
    name: "database",
    expected: "a database that answers",
    fix: "check that PostgreSQL runs and that DATABASE_URL is right",
    look: async () => {
      try {
        const seen = await (parts.open ?? (() => openAs(parts)))();
        if (seen.database === undefined) {
          isStopped = true;
          return { ok: true, found: `${seen.shown}: does not run; a keeper that executes starts it` };
        }
        opened = seen;
      } catch (error) {
        if (!(error instanceof CantileverError) || !error.code.startsWith("SCHEMA_")) throw error;
        schemaError = error;
        return { ok: true, found: "answers" };
      }
      const startedMs = performance.now();
      await db().query("SELECT 1");
      const tookMs = (performance.now() - startedMs).toFixed(1);
      return { ok: true, found: `${opened.shown}: answers in ${tookMs} ms` };
    },
  };
  const others: readonly CheckPlan[] = [
    {
      name: "schema",
      expected: "exactly the migrations of this program",
      fix: "npm run migrate",
      needs: ["database"],
      look: () => (schemaError === undefined ? good("in step") : Promise.reject(schemaError)),
    },
    {
      name: "durability",
      expected: local ? "anything: a local chain" : "commits that survive a power failure",
      fix: "turn fsync, synchronous_commit and full_page_writes on",
      needs: ["schema"],
      look: async () => {
        if (!local) await assertDurable(db());
        return { ok: true, found: local ? "not asked on a local chain" : "on" };
      },
    },
    {
      name: "database-clock",
      expected: `within ${String(MAX_SKEW_MS)} ms of this machine's`,
      fix: "set both clocks (NTP)",
      needs: ["schema"],
      look: async () => {
        const beforeMs = Date.now();
        const databaseMs = Number((await readClockUs(db())) / 1000n);
        const skewMs = databaseMs - Math.round((beforeMs + Date.now()) / 2);
        return { ok: Math.abs(skewMs) <= MAX_SKEW_MS, found: `${String(skewMs)} ms` };
      },
    },
  ];
  return { plans: [database, ...unlessStopped(others)], db, unlessStopped, close: async () => opened?.close() };
}

function openAs({ databaseFolder, env, keeper, role }: DatabaseCheckParts): ReturnType<typeof observeDatabase> {
  return observeDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(databaseFolder === undefined ? {} : { folder: databaseFolder }),
    role,
    applicationName: `cantilever doctor ${keeper}`,
    maxConnections: 2,
  });
}

function good(found: string) {
  return Promise.resolve({ ok: true, found });
}
