import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { expect } from "chai";

import { assertDurable } from "../../db/durability.js";
import { clusterIn } from "../../db/embedded/cluster.js";
import { runningPostmaster, stopPostmaster } from "../../db/embedded/postmaster.js";
import { connectDatabase } from "../../db/connect.js";
import type { Database } from "../../db/database.js";
import { migrate } from "../../db/migrate.js";
import { observeDatabase, openDatabase } from "../../db/open.js";
import { copyCluster } from "../helpers/cluster.js";
import { EmbeddedUser } from "../helpers/embeddedUser.js";
import { startServer } from "../helpers/postgres.js";
import { codeOf, rejection } from "../helpers/rejection.js";

describe("embedded PostgreSQL", () => {
  let folder: string;
  const folders: string[] = [];
  const users: EmbeddedUser[] = [];

  const newFolder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), "cantilever-embedded-"));
    chmodSync(made, 0o755);
    folders.push(made);
    return made;
  };
  const start = (where = folder): EmbeddedUser => {
    const user = EmbeddedUser.start({ folder: where, isDurable: false });
    users.push(user);
    return user;
  };
  const isRunning = (where = folder): boolean => runningPostmaster(clusterIn(where).data) !== undefined;
  const untilStopped = async (): Promise<void> => {
    for (const deadline = Date.now() + 120_000; isRunning() && Date.now() < deadline; await wait(50, true));
    expect(isRunning()).to.equal(false);
  };

  const newCluster = async (): Promise<string> => {
    const made = newFolder();
    await copyCluster(made);
    return made;
  };

  beforeEach(async () => {
    folder = await newCluster();
  });
  afterEach(async () => {
    for (const user of users.splice(0)) await user.kill();
    for (const made of folders.splice(0)) {
      if (existsSync(clusterIn(made).data)) await stopPostmaster(clusterIn(made).data, "kill");
      rmSync(made, { recursive: true, force: true });
    }
  });

  it("the first process starts it, others attach, the last one that leaves stops it", async () => {
    // At the same moment, in an empty folder: both make a cluster, one of them is used.
    folder = newFolder();
    const [first, second] = [start(), start()];
    const [one, two] = await Promise.all([first.answer(), second.answer()]);
    expect(one.port).to.be.a("number").and.to.equal(two.port);
    await first.query("CREATE TABLE seen (id int)");
    await first.close();
    expect(await second.query("SELECT to_regclass('seen') IS NOT NULL AS there")).to.deep.equal([{ there: true }]);
    await second.close();
    expect(isRunning()).to.equal(false);
    const third = start();
    expect((await third.answer()).port).to.equal(one.port);
    expect(await third.query("SELECT to_regclass('seen') IS NOT NULL AS there")).to.deep.equal([{ there: true }]);
  });

  it("DB-6: a killed user loses nothing that was committed, and a server that nobody uses stops by itself", async () => {
    const first = start();
    await first.answer();
    await first.query("CREATE TABLE kept AS SELECT 42 AS answer");
    await first.kill();
    const second = start();
    await second.answer();
    expect(await second.query("SELECT answer FROM kept")).to.deep.equal([{ answer: 42 }]);
    await second.kill();
    await untilStopped();
  });

  it("DB-7: a killed server comes back on its port while somebody uses it", async () => {
    const [first, second] = [start(), start()];
    const [{ port }] = await Promise.all([first.answer(), second.answer()]);
    await first.query("CREATE TABLE kept AS SELECT 42 AS answer");
    for (let round = 0; round < 3; round += 1) {
      await stopPostmaster(clusterIn(folder).data, "kill");
      const rows = async (user: EmbeddedUser): Promise<unknown> => {
        for (const deadline = Date.now() + 120_000; Date.now() < deadline; await wait(20, true)) {
          const answer = await user.query("SELECT answer FROM kept").catch(() => undefined);
          if (answer !== undefined) return answer;
        }
        return "never came back";
      };
      expect(await Promise.all([rows(first), rows(second)])).to.deep.equal([[{ answer: 42 }], [{ answer: 42 }]]);
    }
    expect(runningPostmaster(clusterIn(folder).data)?.port).to.equal(port);
    await first.close();
    // Who leaves while the other one is still coming back is alone for a moment, and stops a server that is started again.
    for (const deadline = Date.now() + 120_000; !isRunning() && Date.now() < deadline;) await wait(20, true);
    expect(isRunning()).to.equal(true);
    await second.close();
    expect(isRunning()).to.equal(false);
  });

  describe("after everybody was killed", () => {
    let port: number;
    const squatters: Server[] = [];

    beforeEach(async () => {
      const first = start();
      port = (await first.answer()).port ?? 0;
      await first.query("CREATE TABLE kept AS SELECT 42 AS answer");
      await first.kill();
      await stopPostmaster(clusterIn(folder).data, "kill");
    });
    afterEach(() => {
      for (const server of squatters.splice(0)) server.close();
    });

    const comesBack = async (): Promise<number | undefined> => {
      const user = start();
      const answer = await user.answer();
      expect(await user.query("SELECT answer FROM kept")).to.deep.equal([{ answer: 42 }]);
      return answer.port;
    };

    it("starts over the old process file", async () => {
      expect(existsSync(path.join(clusterIn(folder).data, "postmaster.pid"))).to.equal(true);
      expect(await comesBack()).to.equal(port);
    });

    it("starts although the old process number belongs to somebody else now", async () => {
      const file = path.join(clusterIn(folder).data, "postmaster.pid");
      const old = readFileSync(file, "utf8");
      writeFileSync(file, old.replace(/^\d+/, String(process.pid)));
      expect(isRunning()).to.equal(false);
      expect(await comesBack()).to.equal(port);
    });

    it("takes another port when somebody has taken its own", async () => {
      const squatter = createServer();
      squatters.push(squatter);
      await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
      expect(await comesBack())
        .to.be.a("number")
        .and.not.to.equal(port);
    });
  });

  it("several worlds run beside each other", async () => {
    const [first, second] = [start(), start(await newCluster())];
    const [one, two] = await Promise.all([first.answer(), second.answer()]);
    expect(one.port).not.to.equal(two.port);
    await first.query("CREATE TABLE own (id int)");
    expect(await second.query("SELECT to_regclass('own') IS NULL AS missing")).to.deep.equal([{ missing: true }]);
  });

  it("DB-8: only this machine can reach it, and only who can read its password file", async () => {
    const user = start();
    const { port = 0 } = await user.answer();
    const { passwordFile, data } = clusterIn(folder);
    expect(statSync(passwordFile).mode & 0o777).to.equal(0o600);
    expect(statSync(data).mode & 0o777).to.equal(0o700);
    expect(readFileSync(passwordFile, "utf8")).to.match(/^[\w-]{32}$/);
    for (const url of [
      `postgres://postgres@127.0.0.1:${String(port)}/`,
      `postgres://postgres:x@127.0.0.1:${String(port)}/`,
    ]) {
      const stranger = connectDatabase({ url });
      expect(["DB_REFUSED", "DB_UNAVAILABLE"]).to.include(await codeOf(stranger.query("SELECT 1")));
      await stranger.close();
    }
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    for (const { address } of others) expect(await isListening(address, port)).to.equal(false);
    expect(await isListening("127.0.0.1", port)).to.equal(true);
  });

  it("openDatabase starts it durable and migrated; who only looks starts and keeps nothing", async () => {
    expect((await observeDatabase({ databaseUrl: "", folder })).database).to.equal(undefined);
    expect(isRunning()).to.equal(false);
    const opened = await openDatabase({ databaseUrl: "", folder });
    try {
      expect(opened.source).to.equal("embedded");
      await assertDurable(opened.database);
      const keeper = opened.connect({ role: "keeper_rw" });
      expect(await keeper.query("SELECT count(*) > 0 AS some FROM schema_migration")).to.deep.equal([{ some: true }]);
      await keeper.close();
      const seen = await observeDatabase({ databaseUrl: "", folder });
      expect(seen.shown).to.equal(`embedded in ${folder}`);
      expect(await seen.database?.query("SELECT 1::integer AS one")).to.deep.equal([{ one: 1 }]);
    } finally {
      // The looker is still connected, and keeps nobody from stopping it.
      await opened.close();
    }
    expect(isRunning()).to.equal(false);
  });

  it("openDatabase changes nothing in a database that somebody else runs", async () => {
    const user = start();
    const { port = 0 } = await user.answer();
    const password = readFileSync(clusterIn(folder).passwordFile, "utf8");
    const databaseUrl = `postgres://postgres:${password}@127.0.0.1:${String(port)}/postgres`;
    expect(await codeOf(openDatabase({ databaseUrl }))).to.equal("SCHEMA_TOO_OLD");
    const opened = await openDatabase({ databaseUrl, migrations: "apply" });
    expect(opened.source).to.equal("url");
    await opened.close();
    await (await openDatabase({ databaseUrl })).close();
    expect(isRunning()).to.equal(true);
  });

  it("the server for tests is gone when a migration fails, so that the run ends and says which", async () => {
    let template: Database | undefined;
    const broken = { name: "0001_broken", sql: "CREATE TABEL typo (id bigint)", checksum: "of it" };
    const start = startServer((database) => migrate((template = database), [broken]), folder);
    expect((await rejection(start)).details).to.include({ migration: "0001_broken" });
    expect(isRunning()).to.equal(false);
    expect(existsSync(folder)).to.equal(false);
    expect((await rejection(template?.query("SELECT 1") ?? Promise.resolve())).details).to.include({
      reason: "closed",
    });
  });
});

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}
