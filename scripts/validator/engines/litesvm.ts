/** The default engine: LiteSVM in this process, up at once. */
import fs from "node:fs/promises";

import { PermanentError } from "../../../protocol/errors.js";
import { Cluster } from "../cluster.js";
import { localPayer, PAYER_LAMPORTS } from "../localPayer.js";
import { loadUpgradeable, programDataAddress, readProgramData } from "../programs.js";
import { ValidatorServer } from "../server.js";
import { StateKeeper } from "../state/keeper.js";
import { StateDirectory, type SavedCluster } from "../state/stateDirectory.js";
import type { EngineOptions, ProgramFile, RunningValidator } from "./engine.js";

export async function startLiteSvm(options: EngineOptions): Promise<RunningValidator> {
  const { slotMs, port, stateDirectory } = options;
  const directory = stateDirectory === undefined ? undefined : await StateDirectory.open(stateDirectory);
  try {
    const saved = await directory?.load();
    const cluster = await clusterOf(slotMs, saved);
    const keeper = directory && new StateKeeper(cluster, directory);
    const { address: payer } = await localPayer();
    await topUp(cluster, payer);
    const programs = [];
    for (const program of options.programs) programs.push({ ...program, slot: await load(cluster, program, payer) });
    let fail: (reason: unknown) => void = () => undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    // Nobody may be waiting for it yet.
    failed.catch(() => undefined);
    const server = await ValidatorServer.serve(cluster, { port, slotMs });
    await keeper?.start(fail);
    return {
      engine: "litesvm",
      rpc: server.url,
      ws: server.wsUrl,
      genesisHash: cluster.bank.genesisHash,
      payer,
      programs: programs.map(({ name, programId, slot }) => ({ name, programId, slot })),
      failed,
      stop: async () => {
        await server.stop();
        await keeper?.stop();
      },
    };
  } catch (error) {
    await directory?.close();
    throw error;
  }
}

/** A new cluster begins now; an old one goes on, and the time in between has passed for it as well. */
async function clusterOf(slotMs: number, saved: SavedCluster | undefined): Promise<Cluster> {
  const now = BigInt(Date.now());
  const pace = { clockMsPerSlot: BigInt(slotMs) };
  if (saved === undefined) return Cluster.create({ ...pace, genesisTime: now / 1000n });
  let cluster: Cluster;
  try {
    cluster = await Cluster.create({ ...pace, saved, airdrops: saved.airdrops });
  } catch (cause) {
    throw new PermanentError(
      "STATE_UNREADABLE",
      `this version of LiteSVM does not read the accounts: ${String(cause)}`,
      "start with another directory; this one is left as it is",
      {},
      { cause },
    );
  }
  const missed = (now - saved.timeMs) / pace.clockMsPerSlot;
  if (missed > 0n) cluster.bank.skip(missed);
  return cluster;
}

async function topUp({ bank, faucet }: Cluster, payer: RunningValidator["payer"]): Promise<void> {
  const missing = PAYER_LAMPORTS - (bank.account(payer)?.lamports ?? 0n);
  if (missing > 0n) bank.deliver(await faucet.airdrop(payer, missing));
}

/** Leaves a program alone that a saved cluster has in this version already. @returns the slot of its deployment. */
async function load({ bank }: Cluster, program: ProgramFile, payer: RunningValidator["payer"]): Promise<bigint> {
  const so = new Uint8Array(await fs.readFile(program.file));
  const account = bank.account(await programDataAddress(program.programId));
  const there = account && readProgramData(account);
  if (there?.upgradeAuthority === payer && Buffer.compare(there.so, so) === 0) return there.slot;
  const { slot } = bank.blocks.open;
  await loadUpgradeable(bank, { programId: program.programId, so, upgradeAuthority: payer, slot });
  bank.advance();
  return slot;
}
