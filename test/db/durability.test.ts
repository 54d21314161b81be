import { expect } from "chai";

import { assertDurable } from "../../db/durability.js";
import type { Queryable } from "../../db/database.js";
import { usePostgres } from "../helpers/postgres.js";
import { codeOf, rejection } from "../helpers/rejection.js";

const answering = (settings: Readonly<Record<string, string>>): Queryable => ({
  query: <Row extends object>() =>
    Promise.resolve(Object.entries(settings).map(([name, setting]) => ({ name, setting })) as unknown as Row[]),
});

describe("#assertDurable", () => {
  const postgres = usePostgres();

  it("DB-4: refuses a server that may lose commits, and names every setting", async () => {
    const { database, connect } = await postgres.testDatabase();
    const error = await rejection(assertDurable(database));
    expect(error).to.include({ code: "DB_NOT_DURABLE" });
    expect(error.details).to.deep.equal({ settings: "fsync, full_page_writes" });

    await database.query("ALTER DATABASE " + (await name(database)) + " SET synchronous_commit = off");
    const later = await rejection(assertDurable(connect()));
    expect(later.details).to.deep.equal({ settings: "fsync, synchronous_commit, full_page_writes" });
  });

  it("accepts every setting but off", async () => {
    for (const commit of ["on", "local", "remote_write", "remote_apply"]) {
      await assertDurable(answering({ fsync: "on", synchronous_commit: commit, full_page_writes: "on" }));
    }
    expect(await codeOf(assertDurable(answering({ fsync: "off" })))).to.equal("DB_NOT_DURABLE");
  });

  async function name(database: Queryable): Promise<string> {
    const [row] = await database.query<{ name: string }>("SELECT current_database()::text AS name");
    return row?.name ?? "";
  }
});
