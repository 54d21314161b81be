import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { getBase64Encoder, lamports, type Address } from "@solana/kit";
import { expect } from "chai";

import { LOCAL_PROGRAM_IDS } from "../../../protocol/solana/programKeys.js";
import { programDataAddress, readProgramData, UPGRADEABLE_LOADER } from "../../../scripts/validator/programs.js";
import { ask } from "../../helpers/solana.js";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const SCRIPT = ["--import", "tsx", "scripts/validator.ts"];

interface Report {
  readonly ok: boolean;
  readonly rpc?: string;
  readonly payer?: string;
  readonly error?: { readonly code: string };
}

interface AccountJson {
  readonly data: readonly [string, string];
  readonly owner: string;
  readonly executable: boolean;
}

/** Starts the command; `ready` resolves with the address of its requests. */
function start(...args: string[]) {
  return startIn(process.env, ...args);
}

function startIn(env: NodeJS.ProcessEnv, ...args: string[]) {
  const child = spawn(process.execPath, [...SCRIPT, "--json", ...args], { cwd: ROOT, env });
  let [said, report] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (report += chunk.toString()));
  const ended = new Promise<{ code: number | null; report: Report }>((resolve) => {
    child.on("close", (code) => {
      resolve({ code, report: JSON.parse(report.trim().split("\n").at(-1) ?? "") as Report });
    });
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const [, url] = /^rpc +(\S+)$/m.exec(said) ?? [];
      if (url !== undefined && said.includes("Ctrl-C")) resolve(url);
    });
    child.on("close", () => {
      reject(new Error(said));
    });
  });
  // A command that is meant to fail has nobody waiting for it.
  ready.catch(() => undefined);
  return { child, ready, ended };
}

describe("npm run validator", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(tmpdir(), "validator-"));
  });
  afterEach(() => fs.rm(folder, { recursive: true }));

  it("has our programs at their addresses, keeps its state and leaves cleanly", async () => {
    const first = start("--port", "0", "--state", folder, "--seconds-per-slot", "0.05");
    const url = await first.ready;
    const account = async (address: string) => {
      const config = { encoding: "base64", commitment: "processed" };
      return (await ask<{ value: AccountJson | null }>(url, "getAccountInfo", address, config)).result?.value;
    };
    const balance = async (of: string, at: string) =>
      (await ask<{ value: bigint }>(at, "getBalance", of, { commitment: "processed" })).result?.value;
    const programId = LOCAL_PROGRAM_IDS["collateral-vault"] as Address;
    expect(await account(programId)).to.deep.include({ owner: UPGRADEABLE_LOADER, executable: true });
    const address = await programDataAddress(programId);
    const found = await account(address);
    const data = new Uint8Array(getBase64Encoder().encode(found?.data[0] ?? ""));
    const programAddress = found?.owner as Address;
    const shape = { address, data, programAddress, executable: false, lamports: lamports(1n), space: 0n };
    const { upgradeAuthority, so } = readProgramData(shape);
    expect(Buffer.from(so)).to.deep.equal(await fs.readFile(path.join(ROOT, "programs/prebuilt/collateral_vault.so")));
    await ask(url, "requestAirdrop", programId, 5_000_000n);
    const after = await balance(programId, url);
    first.child.kill("SIGINT");
    const { code, report } = await first.ended;
    expect(code).to.equal(130);
    expect(report).to.deep.include({ ok: true, rpc: url, payer: upgradeAuthority });

    const second = start("--port", "0", "--state", folder);
    expect(await balance(programId, await second.ready)).to.equal(after);
    second.child.kill("SIGTERM");
    expect((await second.ended).code).to.equal(143);
  });

  it("says what the surfpool engine needs, and leaves nothing half built", async () => {
    const env = { ...process.env, CANTILEVER_CACHE: folder, PATH: folder };
    const without = await startIn(env, "--engine", "surfpool").ended;
    expect([without.code, without.report.error?.code]).to.deep.equal([1, "CARGO_NOT_FOUND"]);
    const cargo = path.join(folder, "cargo");
    await fs.writeFile(cargo, '#!/bin/sh\n[ "$1" = --version ] || { echo "error: no such crate" >&2; exit 101; }\n');
    await fs.chmod(cargo, 0o755);
    const broken = await startIn(env, "--engine", "surfpool").ended;
    expect([broken.code, broken.report.error?.code]).to.deep.equal([1, "SURFPOOL_BUILD_FAILED"]);
    expect(await fs.readdir(path.join(folder, "surfpool"))).to.be.empty;
  });

  it("says what is wrong with its flags", async () => {
    for (const args of [
      ["--program", "nonsense"],
      ["--engine", "surfpool", "--state", "x"],
    ]) {
      const { code, report } = await start(...args).ended;
      expect(code, args.join(" ")).to.equal(2);
      expect(report.ok).to.equal(false);
    }
  });
});
