/** The keepers of the local Solana cluster, each as the program that an operator runs: the crank does what anybody may, the monitor compares. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { SOLANA_LOCALNET } from "../../../protocol/solana/network.js";
import { ROOT, type Child } from "../child.js";
import type { WorldDatabase } from "../database.js";
import { keeperGone, startKeeper } from "../copies.js";

export const CRANK = "collateral-crank";
const MONITOR = "collateral-monitor";

const counts = z.record(z.string(), z.number());
const crankAnswer = z.object({ skips: counts, simulations: counts });
const monitorAnswer = z.object({ passes: z.number(), events: z.number(), discrepancies: z.array(z.string()) });

export interface SolanaKeepersReport {
  readonly [CRANK]: z.infer<typeof crankAnswer> & {
    readonly executions: number;
    /** By kind. */
    readonly executed: Readonly<Record<string, number>>;
    readonly errors: number;
  };
  readonly [MONITOR]: z.infer<typeof monitorAnswer> & { readonly errors: number };
}

export interface SolanaKeepersParts {
  /** Of the cluster. */
  readonly url: string;
  readonly postgres: KeepersDatabase;
}

export type KeepersDatabase = Pick<WorldDatabase, "url" | "database">;

/** By the first word of the effect's key. A process tells only of what it has seen confirmed; the outbox knows the rest as well. */
const EXECUTED = `
SELECT split_part(effect_key, ':', 1) AS kind, count(*)::integer AS count FROM keeper_outbox
WHERE role = $1 AND state IN ('mined', 'final') GROUP BY 1 ORDER BY 1`;

/** What both are told. Looks are cheap here, and a second is a minute of the cluster's clock. */
function environment({ url, postgres }: SolanaKeepersParts, folder: string): Record<string, string> {
  return {
    SOLANA_LOCALNET_RPC_URL: url,
    DATABASE_URL: postgres.url,
    KEEPER_POLL_MS: "400",
    KEEPER_LOG_FORMAT: "json",
    KEEPER_DATA_FOLDER: folder,
  };
}

export class SolanaKeepers {
  readonly errors: string[] = [];
  #stopping = false;

  private constructor(
    private readonly crank: Running,
    private readonly monitor: Running,
    private readonly postgres: KeepersDatabase,
  ) {}

  /** Starts both and waits for neither. */
  static start(parts: SolanaKeepersParts): SolanaKeepers {
    const folder = join(ROOT, "data", "world", `keepers-${new URL(parts.url).port}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const env = environment(parts, folder);
    const crank = new Running(CRANK, { ...env, CRANK_OWN_VAULT: "allow", CRANK_FEE_LAMPORTS_PER_DAY: "200000000" });
    const monitor = new Running(MONITOR, { ...env, MONITOR_PASS_SECONDS: "2" });
    const keepers = new SolanaKeepers(crank, monitor, parts.postgres);
    for (const each of [crank, monitor]) each.onError = (error) => keepers.errors.push(`${each.name}: ${error}`);
    return keepers;
  }

  /** @throws PermanentError KEEPER_GONE when one has ended by itself. */
  assertRunning(): void {
    if (this.#stopping) return;
    for (const { name, child } of [this.crank, this.monitor]) {
      if (child.exitCode !== undefined) throw keeperGone(`the ${name}`, name, child, SOLANA_LOCALNET);
    }
  }

  /** Ends both. The crank first: what it has done last is compared as well. */
  async stop(): Promise<SolanaKeepersReport> {
    this.#stopping = true;
    const crank = crankAnswer.safeParse(await this.crank.stop());
    const monitor = monitorAnswer.safeParse(await this.monitor.stop());
    if (!crank.success) this.errors.push(`${CRANK}: no report`);
    if (!monitor.success) this.errors.push(`${MONITOR}: no report`);
    const rows = await this.postgres.database.query<{ kind: string; count: number }>(EXECUTED, [CRANK]);
    const errorsOf = (name: string): number => this.errors.filter((error) => error.startsWith(name)).length;
    return {
      [CRANK]: {
        ...(crank.data ?? { skips: {}, simulations: {} }),
        executions: rows.reduce((sum, { count }) => sum + count, 0),
        executed: Object.fromEntries(rows.map(({ kind, count }) => [kind, count])),
        errors: errorsOf(CRANK),
      },
      [MONITOR]: { ...(monitor.data ?? { passes: 0, events: 0, discrepancies: [] }), errors: errorsOf(MONITOR) },
    };
  }
}

/** One process and its last words. */
class Running {
  onError: (error: string) => void = () => undefined;
  readonly child: Child;
  #answer = "";

  constructor(
    readonly name: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.child = startKeeper({
      ...{ keeper: name, network: SOLANA_LOCALNET, flags: ["--execute"], env },
      onError: (error) => {
        this.onError(error);
      },
      onOutputLine: (line) => {
        this.#answer = line;
      },
    });
  }

  async stop(): Promise<unknown> {
    await this.child.stop();
    try {
      return JSON.parse(this.#answer) as unknown;
    } catch {
      return undefined;
    }
  }
}
