/** One process's hold on an embedded server: a session with a shared advisory lock. The system ends it with the process. */
import pg from "pg";

import { SUPERUSER } from "./cluster.js";

/** Of the maintenance database; users hold it shared, who stops the server holds it alone. Text: pg takes no bigint here. */
export const USERS_LOCK = "7201138002";

const HOLD = "cantilever hold";
const OTHERS = "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()";

export interface Hold {
  /** Called once when the session ends without our doing. */
  onLost: () => void;
  /**
   * Gives the hold up. alone: nobody else uses the server, and nobody can attach until it has been stopped. shared: others do. ending:
   * nobody does, and somebody else is stopping it already.
   */
  release(): Promise<"alone" | "shared" | "ending">;
  /** Ends the session after `release`. */
  close(): void;
}

/**
 * A hold on the server at `port`; undefined when it is starting, stopping or not there: look again.
 * @throws what the server says when it refuses the password.
 */
export async function takeHold(port: number, password: string): Promise<Hold | undefined> {
  const client = new pg.Client({
    ...{ host: "127.0.0.1", port, user: SUPERUSER, password, database: "postgres" },
    ...{ application_name: HOLD, connectionTimeoutMillis: 3_000, query_timeout: 3_000, keepAlive: true },
  });
  let isOurs = false;
  const hold: Hold = {
    onLost: () => undefined,
    release: async () => {
      isOurs = true;
      try {
        await client.query("SELECT pg_advisory_unlock_shared($1)", [USERS_LOCK]);
        if (await lock(client, "SELECT pg_try_advisory_lock($1) AS taken")) return "alone";
        const { rows } = await client.query(OTHERS, [HOLD]);
        return rows.length > 0 ? "shared" : "ending";
      } catch {
        return "ending";
      }
    },
    close: () => {
      isOurs = true;
      client.end().catch(() => undefined);
    },
  };
  client.on("error", () => undefined);
  client.on("end", () => {
    if (!isOurs) hold.onLost();
    isOurs = true;
  });
  try {
    await client.connect();
    if (await lock(client, "SELECT pg_try_advisory_lock_shared($1) AS taken")) return hold;
  } catch (error) {
    hold.close();
    if (isRefusal(error)) throw error;
    return undefined;
  }
  hold.close();
  return undefined;
}

async function lock(client: pg.Client, sql: string): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(sql, [USERS_LOCK]);
  return rows[0]?.taken === true;
}

/** SQLSTATE class 28: the password file is not of this cluster. Waiting does not help. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("28");
}
