import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { installedPackage, prepareBinaries, sharedFolder } from "../../db/embedded/binaries.js";
import { canReach, isRoot, serverAccount } from "../../db/embedded/osUser.js";
import { openEmbedded } from "../../db/embedded/server.js";
import { describeWith } from "../helpers/describeWith.js";
import { copy, copyCluster } from "../helpers/cluster.js";
import { EmbeddedUser } from "../helpers/embeddedUser.js";
import { codeOf } from "../helpers/rejection.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Like the installed package, with links between its libraries of its own, or without any. */
function copyPackage(to: string, isLinked = true): string {
  const target = path.join(to, "package");
  copy(installedPackage(), target, true);
  if (!isLinked) for (const link of links(target)) if (existsSync(link)) unlinkSync(link);
  return target;
}

function links(packageRoot: string): string[] {
  const list = readFileSync(path.join(packageRoot, "native", "pg-symlinks.json"), "utf8");
  return (JSON.parse(list) as { target: string }[]).map(({ target }) => path.join(packageRoot, target));
}

describe("embedded PostgreSQL, users and places", () => {
  let base: string;

  beforeEach(() => {
    base = mkdtempSync(path.join(tmpdir(), "cantilever-users-"));
    chmodSync(base, 0o755);
  });
  afterEach(() => {
    rmSync(base, { recursive: true, force: true });
  });

  it("makes the links that npm's install script would have made, also when two do so at once", async () => {
    const packageRoot = copyPackage(base, false);
    const worlds = ["one", "two"].map((name) => path.join(base, name));
    for (const folder of worlds) {
      mkdirSync(folder);
      await copyCluster(folder);
    }
    const users = worlds.map((folder) => EmbeddedUser.start({ folder, packageRoot, isDurable: false }));
    try {
      for (const user of users) expect(await user.answer()).to.have.property("port");
      for (const link of links(packageRoot)) expect(lstatSync(link).isSymbolicLink()).to.equal(true);
    } finally {
      for (const user of users) await user.close();
    }
  });

  it("a folder for copies is one that nobody else can have prepared", async () => {
    const target = path.join(base, "target");
    mkdirSync(target);
    const link = path.join(base, "link");
    symlinkSync(target, link);
    const open = path.join(base, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    const missing = path.join(base, "no", "such");
    expect(await codeOf(Promise.resolve().then(() => sharedFolder([link, open, missing])))).to.equal(
      "EMBEDDED_NO_STATE_FOLDER",
    );
    expect(readdirSync(target)).to.deep.equal([]);
    const good = path.join(base, "good");
    expect(sharedFolder([link, open, good])).to.equal(good);
    expect(statSync(good).mode & 0o777).to.equal(0o755);
    expect(sharedFolder([good])).to.equal(good);
  });

  describeWith("root", "as root", () => {
    it("DB-9: works below a closed folder: programs are copied once, the data lies where the server can reach it", async () => {
      const home = path.join(base, "home");
      mkdirSync(home, { mode: 0o700 });
      const packageRoot = copyPackage(home, false);
      const shared = path.join(base, "shared");
      const options = { folder: path.join(home, "data"), packageRoot, sharedFolders: [shared], isDurable: false };
      const users = [EmbeddedUser.start(options), EmbeddedUser.start(options)];
      try {
        const [one, two] = await Promise.all(users.map((user) => user.answer()));
        expect(one?.port).to.be.a("number").and.to.equal(two?.port);
        const [data] = readdirSync(shared).filter((name) => name.startsWith("data-"));
        expect(statSync(path.join(shared, data ?? "", "server", "data")).uid).to.equal(serverAccount().uid);
        expect(serverAccount().uid).to.be.greaterThan(0);
      } finally {
        for (const user of users) await user.close();
      }
      const entries = readdirSync(shared).sort();
      expect(entries.map((name) => name.replace(/-.*/, ""))).to.deep.equal(["data", "postgres"]);
      const moved = readFileSync(path.join(home, "data", "MOVED"), "utf8");
      expect(moved.split("\n")[0]).to.equal(path.join(shared, entries[0] ?? ""));

      const program = path.join(shared, entries[1] ?? "", "native", "bin", "postgres");
      const copiedAt = statSync(program).ctimeMs;
      await (await openEmbedded(options)).close();
      expect(statSync(program).ctimeMs).to.equal(copiedAt);
      expect(canReach(program, serverAccount(), 5)).to.equal(true);
    });

    it("does not run programs that somebody else put where the copy belongs", async () => {
      const home = path.join(base, "home");
      mkdirSync(home, { mode: 0o700 });
      const packageRoot = copyPackage(home);
      const shared = path.join(base, "shared");
      mkdirSync(shared);
      const { postgres } = prepareBinaries(packageRoot, serverAccount(), () => shared);
      const copy = path.dirname(path.dirname(path.dirname(postgres)));
      chownSync(copy, serverAccount().uid, serverAccount().gid);
      const again = Promise.resolve().then(() => prepareBinaries(packageRoot, serverAccount(), () => shared));
      expect(await codeOf(again)).to.equal("EMBEDDED_COPY_FOREIGN");
    });

    describeWith("openCheckout", "an ordinary user", () => {
      const start = (folder: string, packageRoot = installedPackage()): EmbeddedUser =>
        EmbeddedUser.start({ folder, packageRoot, isDurable: false }, serverAccount());

      /** A cluster that belongs to that user as if it had made it. */
      const clusterOf = async (folder: string): Promise<void> => {
        mkdirSync(folder);
        await copyCluster(folder);
        spawnSync("chown", ["-R", `${String(serverAccount().uid)}:${String(serverAccount().gid)}`, folder]);
      };

      it("runs the server as itself, in a closed folder too, and root may join", async () => {
        const home = path.join(base, "home");
        mkdirSync(home, { mode: 0o700 });
        chownSync(home, serverAccount().uid, serverAccount().gid);
        const folder = path.join(home, "data");
        await clusterOf(folder);
        const user = start(folder);
        const answer = await user.answer();
        expect(answer).to.include({ uid: serverAccount().uid });
        const joined = await openEmbedded({ folder, sharedFolders: [path.join(base, "unused")], isDurable: false });
        expect(joined.port).to.equal(answer.port);
        await user.close();
        await joined.restart("kill");
        expect(joined.port).to.equal(answer.port);
        await joined.close();
        const later = start(folder);
        expect((await later.answer()).port).to.equal(answer.port);
        await later.close();
      });

      it("copies programs whose links it cannot make, and leaves another user's database alone", async () => {
        const packageRoot = copyPackage(base, false);
        const folder = path.join(base, "data");
        await clusterOf(folder);
        const user = start(folder, packageRoot);
        expect(await user.answer()).to.have.property("port");
        await user.close();
        expect(readdirSync(folder).some((name) => name.startsWith("postgres-"))).to.equal(true);

        chownSync(path.join(folder, "server", "data"), 65_534, 65_534);
        const stranger = start(folder, packageRoot);
        expect(await stranger.answer()).to.deep.equal({ error: "EMBEDDED_NOT_OWNER" });
        chownSync(path.join(folder, "server", "data"), serverAccount().uid, serverAccount().gid);
      });
    });
  });

  it("knows who can reach a file", () => {
    const file = path.join(base, "closed", "file");
    mkdirSync(path.dirname(file), { mode: 0o700 });
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const other = { uid: 65_534, gid: 65_534 };
    expect(canReach(path.dirname(file), own, 7)).to.equal(true);
    expect(canReach(path.dirname(file), other, 0)).to.equal(true);
    expect(canReach(path.dirname(file), other, 4)).to.equal(false);
    expect(isRoot()).to.equal(own.uid === 0);
    expect(canReach(path.join(ROOT, "package.json"), own, 4)).to.equal(true);
  });
});
