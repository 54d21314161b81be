/** A cluster behind JSON-RPC with parameters, record and built programs in a folder of its own, and deployments on it. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { getAddressEncoder, lamports, type Address } from "@solana/kit";
import { expect } from "chai";
import { LiteSVM } from "litesvm";

import { loadSolanaParams, type LoadedSolanaParams } from "../../protocol/solana/network.js";
import { LOCAL_PROGRAM_IDS } from "../../protocol/solana/programKeys.js";
import { SolanaChain, type ChainOptions } from "../../scripts/deploy/solana/chain.js";
import { deploySolana, type SolanaDeployResult } from "../../scripts/deploy/solana/deploy.js";
import type { Hands } from "../../scripts/deploy/solana/finding.js";
import { solanaHands } from "../../scripts/deploy/solana/keys.js";
import { bufferBytes, bufferOf } from "../../scripts/deploy/solana/loader.js";
import { verifySolana } from "../../scripts/deploy/solana/verify.js";
import { outputsOf, PROGRAM_NAMES, type ProgramName } from "../../scripts/programs/layout.js";
import { SYSTEM_PROGRAM } from "../../scripts/validator/instructions.js";
import { localPayer } from "../../scripts/validator/localPayer.js";
import { loadUpgradeable, UPGRADEABLE_LOADER } from "../../scripts/validator/programs.js";
import { ask } from "./solana.js";
import type { EngineNode } from "./solanaEngine/engine.js";
import { startNode } from "./solanaEngine/start.js";

const NETWORK = "solana-localnet";
const LAMPORTS = 1_000_000_000_000n;
/** Public programs by what they are good for: real code that is quickly written. */
const SMALL = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr" as Address;
const LARGER = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL" as Address;

interface ParamsJson {
  genesisHash: string;
  roles: Record<string, string | null>;
  programs: Record<string, string>;
  registeredPrograms: string[];
  /** Null unless a test sets it: the position manager of most tests is another program. */
  market: MarketFile | null;
}

export interface MarketFile {
  admin: string;
  priceAuthority: string;
  houseOwner: string;
  collaterals: string[];
  params: Record<string, string | number>;
}

const committed = (): ParamsJson =>
  JSON.parse(readFileSync(`deployments/params/${NETWORK}.json`, "utf8")) as ParamsJson;

/** The market of the committed parameters. */
export function localMarket(): MarketFile {
  const { market } = committed();
  if (market === null) throw new Error("the local network has no market");
  return market;
}

export class DeploymentRig {
  readonly root = mkdtempSync(path.join(tmpdir(), "cantilever-solana-deployment-"));
  readonly log: string[] = [];

  private constructor(
    readonly node: EngineNode,
    readonly hands: Hands,
  ) {}

  static async start(): Promise<DeploymentRig> {
    // A blockhash lives 150 slots: six seconds, which a busy machine needs.
    const node = await startNode({ slotMs: 40, genesisTime: 1_767_225_600n, confirmedBlocks: 1 });
    const { address } = await localPayer();
    // The local network needs no variable: both keys are published.
    const rig = new DeploymentRig(node, await solanaHands(localParams(), () => Promise.resolve(undefined)));
    mkdirSync(path.join(rig.root, "params"));
    mkdirSync(rig.built);
    for (const name of PROGRAM_NAMES) {
      const { so, idl } = outputsOf(name);
      copyFileSync(so, path.join(rig.built, path.basename(so)));
      copyFileSync(idl, path.join(rig.built, path.basename(idl)));
    }
    rig.setParams(() => undefined);
    await rig.fund(address);
    return rig;
  }

  async stop(): Promise<void> {
    await this.node.stop();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Folder of the built programs; the committed ones, until a test changes them. */
  get built(): string {
    return path.join(this.root, "built");
  }

  /** Another program in the place of one of ours. @param more bytes behind it, which the loader does not mind. */
  build(name: ProgramName, which: "small" | "larger", more = 0): Uint8Array {
    const account = new LiteSVM().getAccount(which === "small" ? SMALL : LARGER);
    if (!account.exists) throw new Error("LiteSVM has lost one of its programs");
    const elf = Uint8Array.from([...account.data, ...new Uint8Array(more).fill(1)]);
    writeFileSync(path.join(this.built, path.basename(outputsOf(name).so)), elf);
    return elf;
  }

  /** The deployer's buffer of a program as a run leaves it that was killed after `share` percent of its writes. */
  async leaveBuffer(name: ProgramName, share: number): Promise<void> {
    const elf = readFileSync(path.join(this.built, path.basename(outputsOf(name).so)));
    const { node } = this;
    const { deployer } = this.hands;
    const { address } = await bufferOf(deployer.address, elf);
    const data = new Uint8Array(bufferBytes(elf.length));
    data.set([1, 0, 0, 0, 1, ...getAddressEncoder().encode(deployer.address)]);
    data.set(elf.subarray(0, Math.floor((elf.length * share) / 100)), bufferBytes(0));
    const rent = lamports(node.minimumBalanceForRentExemption(BigInt(data.length)));
    const account = { address, data, executable: false, lamports: rent, space: BigInt(data.length) };
    node.setAccount({ ...account, programAddress: UPGRADEABLE_LOADER });
    node.advance(2);
  }

  /** Puts a built program in place at once, under the deployer's authority unless another is given. */
  async preload(name: ProgramName, upgradeAuthority: Address = this.hands.deployer.address): Promise<void> {
    const so = readFileSync(path.join(this.built, path.basename(outputsOf(name).so)));
    const { node } = this;
    const programId = LOCAL_PROGRAM_IDS[name] as Address;
    await loadUpgradeable(node, { programId, so, upgradeAuthority, slot: node.slot });
    node.advance(2);
  }

  async fund(address: Address): Promise<void> {
    const { error } = await ask(this.node.url, "requestAirdrop", address, LAMPORTS);
    if (error !== undefined) throw new Error(error.message);
    this.node.advance(2);
  }

  /** Lamports at an address that nobody has made an account of. */
  donate(address: Address, amount: bigint): void {
    const { node } = this;
    const account = { address, data: new Uint8Array(), executable: false, lamports: lamports(amount), space: 0n };
    node.setAccount({ ...account, programAddress: SYSTEM_PROGRAM });
    node.advance(2);
  }

  /** Writes the parameters of the local network anew, changed. */
  setParams(change: (params: ParamsJson) => void, network = NETWORK): LoadedSolanaParams {
    const params = { ...committed(), market: null };
    change(params);
    writeFileSync(path.join(this.root, "params", `${network}.json`), JSON.stringify(params, null, 2));
    return loadSolanaParams(network, this.root);
  }

  get recordFile(): string {
    return path.join(this.root, `${NETWORK}.json`);
  }

  chain(options: Partial<ChainOptions> = {}): SolanaChain {
    // With a price, so that transactions are as large as they get.
    return new SolanaChain({ url: this.node.url, microLamportsPerUnit: 1, ...options });
  }

  /** As with `--execute`. */
  deploy(
    hands: Hands = this.hands,
    { afterSend, network = NETWORK }: { afterSend?: (sent: number) => void; network?: string } = {},
  ): Promise<SolanaDeployResult> {
    const loaded = loadSolanaParams(network, this.root);
    const log = (line: string): void => void this.log.push(line);
    const common = {
      loaded,
      chain: this.chain(afterSend === undefined ? {} : { afterSend }),
      programs: this.built,
      folder: this.root,
      log,
    };
    return deploySolana({ ...common, hands });
  }

  dryRun(): Promise<SolanaDeployResult> {
    const loaded = loadSolanaParams(NETWORK, this.root);
    return deploySolana({ loaded, chain: this.chain(), programs: this.built, folder: this.root });
  }

  /** Codes of the differences, with what they are about. */
  async verify(): Promise<readonly string[]> {
    const loaded = loadSolanaParams(NETWORK, this.root);
    const { ok, differences } = await verifySolana({
      ...{ loaded, chain: this.chain(), programs: this.built, folder: this.root },
    });
    expect(ok).to.equal(differences.length === 0);
    return differences.map(({ code, id }) => `${code} ${id}`);
  }
}

const localParams = (): LoadedSolanaParams => loadSolanaParams(NETWORK);
