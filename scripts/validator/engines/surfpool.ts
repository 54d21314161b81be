/** The second engine: surfpool, a validator in Rust of other people's making, to hold against ours. */
import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs/promises";
import { createServer } from "node:http";

import { PermanentError } from "../../../protocol/errors.js";
import { localProgramSigner, LOCAL_PROGRAM_IDS, type ProgramName } from "../../../protocol/solana/programKeys.js";
import { SolanaChain } from "../../deploy/solana/chain.js";
import { deployCode } from "../../deploy/solana/code.js";
import { LOCAL_GENESIS_HASH } from "../genesis.js";
import { localPayer, PAYER_LAMPORTS } from "../localPayer.js";
import { closeServer, listenOnPair, portOf } from "../ports.js";
import type { EngineOptions, ProgramFile, RunningValidator } from "./engine.js";
import { ensureSurfpool } from "./surfpoolBinary.js";

const READY_WITHIN_MS = 30_000;
const END_WITHIN_MS = 5_000;

/** @param genesisHash another one is another cluster: whoever asks for local keys asks for ours. */
export async function startSurfpool(
  options: EngineOptions,
  genesisHash: string = LOCAL_GENESIS_HASH,
): Promise<RunningValidator> {
  const binary = await ensureSurfpool(options.signal, options.say);
  const port = await freePair(options.port);
  const payer = await localPayer();
  const flags = {
    "--port": port,
    "--ws-port": port + 1,
    "--slot-ms": options.slotMs,
    "--payer": payer.address,
    "--lamports": PAYER_LAMPORTS,
    "--genesis-hash": genesisHash,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [name, String(value)]);
  const child = spawn(binary, args, { stdio: ["pipe", "pipe", "pipe"] });
  const failed = endOf(child);
  // Nobody may be waiting for it yet.
  failed.catch(() => undefined);
  try {
    await Promise.race([ready(child), failed]);
    const rpc = `http://127.0.0.1:${String(port)}`;
    const chain = new SolanaChain({ url: rpc, microLamportsPerUnit: 0 });
    const programs = [];
    for (const program of options.programs) {
      options.signal.throwIfAborted();
      options.say(`deploying ${program.name} through the upgradeable loader`);
      const deployed = deploy(chain, program);
      programs.push({ name: program.name, programId: program.programId, slot: await Promise.race([deployed, failed]) });
    }
    return {
      engine: "surfpool",
      rpc,
      ws: `ws://127.0.0.1:${String(port + 1)}`,
      genesisHash: await chain.genesisHash(),
      payer: payer.address,
      programs,
      failed,
      stop: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** @throws PermanentError PROGRAM_KEY_UNKNOWN for a program at whose address nobody but its maker can deploy. */
async function deploy(chain: SolanaChain, { programId, file }: ProgramFile): Promise<bigint> {
  const name = (Object.keys(LOCAL_PROGRAM_IDS) as ProgramName[]).find((one) => LOCAL_PROGRAM_IDS[one] === programId);
  if (name === undefined) {
    throw new PermanentError(
      "PROGRAM_KEY_UNKNOWN",
      `${programId}: a deployment through the loader is signed with the program's key, and only those of our own programs are known`,
      "deploy it with your key once the validator is up, or use --engine litesvm",
      { programId },
    );
  }
  const so = new Uint8Array(await fs.readFile(file));
  return deployCode(chain, await localPayer(), await localProgramSigner(name), so);
}

/** Two neighbouring ports that nobody listens on. @throws PermanentError PORT_IN_USE. */
async function freePair(port: number): Promise<number> {
  const [first, second] = [createServer(), createServer()];
  await listenOnPair(first, second, port);
  const found = portOf(first);
  await Promise.all([closeServer(first), closeServer(second)]);
  return found;
}

function ready({ stdout }: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new PermanentError("SURFPOOL_FAILED", "surfpool was not ready within 30 seconds"));
    }, READY_WITHIN_MS);
    stdout?.on("data", (chunk: Buffer) => {
      if (!chunk.toString().includes("ready")) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Rejects when it ends. */
function endOf(child: ChildProcess): Promise<never> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  return new Promise((_resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      reject(new PermanentError("SURFPOOL_FAILED", `surfpool ended with exit code ${String(code)}: ${said.trim()}`));
    });
  });
}

/** It ends with its standard input; if it does not, it is killed. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      resolve();
    });
  });
  child.stdin?.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
