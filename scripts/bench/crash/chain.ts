/** A chain that misbehaves on purpose: replies are lost, transactions taken and forgotten, blocks unwound. In this process, behind HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { ContractFactory, id as hashOf, Interface, JsonRpcProvider, Network } from "ethers";
import { network } from "hardhat";

import { EffectRecorder__factory } from "../../../protocol/generated/contracts/index.js";
import type { Rng } from "../../market/rng.js";
import { CHAIN_ID } from "./messages.js";
import type { CrashTarget } from "./target.js";

const BLOCK_MS = 100;
/** Snapshots that are kept, and so the deepest reorganisation. */
const DEEPEST = 3;
const LOST_REPLIES_PERCENT = 5;

interface Call {
  readonly method: string;
  readonly id: number;
}

export class CrashChain implements CrashTarget {
  readonly worker = "scripts/bench/crash/worker.ts";
  /** While true no broadcast gets an answer; the node has the bytes all the same. */
  mute = false;
  reorgs = 0;
  lostReplies = 0;
  forgotten = 0;
  #snapshots: string[] = [];
  #forgetUntilBlock = 0;
  #block = 0;
  #busy: Promise<void> = Promise.resolve();
  #mining: NodeJS.Timeout | undefined;

  private constructor(
    private readonly node: { readonly close: () => Promise<void> },
    private readonly provider: JsonRpcProvider,
    private readonly proxy: Server,
    private readonly target: string,
    private readonly rng: Rng,
    readonly recorder: string,
  ) {}

  static async start(rng: Rng): Promise<CrashChain> {
    const node = await network.createServer("sim138", "127.0.0.1", 0);
    const target = `http://127.0.0.1:${String((await node.listen()).port)}`;
    const known = Network.from(CHAIN_ID);
    const provider = new JsonRpcProvider(target, known, { staticNetwork: known, cacheTimeout: -1, batchMaxCount: 1 });
    const deployer = await provider.getSigner(1);
    const { abi, bytecode } = EffectRecorder__factory;
    const contract = await new ContractFactory(abi, bytecode, deployer).deploy();
    const proxy = createServer();
    const chain = new CrashChain(node, provider, proxy, target, rng, await contract.getAddress());
    proxy.on("request", (request, response) => {
      chain.answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    await provider.send("evm_setAutomine", [false]);
    for (let block = 0; block <= DEEPEST; block += 1) await chain.mine();
    chain.#mining = setInterval(() => void chain.queue(() => chain.mine()), BLOCK_MS);
    return chain;
  }

  /** What workers talk to. */
  get url(): string {
    return `http://127.0.0.1:${String((this.proxy.address() as AddressInfo).port)}`;
  }

  /** The last `depth` blocks are replaced by other, empty ones, and one more; what they held is back in nobody's hands. */
  reorg(depth: number): Promise<void> {
    return this.queue(async () => {
      const [snapshot] = this.#snapshots.splice(-depth);
      if (snapshot === undefined) return;
      await this.provider.send("evm_revert", [snapshot]);
      // What waited when the oldest of these blocks was made waits again; here it is forgotten as well.
      const waiting = (await this.provider.send("eth_pendingTransactions", [])) as { readonly hash: string }[];
      for (const { hash } of waiting) await this.provider.send("hardhat_dropTransaction", [hash]);
      this.reorgs += 1;
      for (let block = 0; block <= depth; block += 1) await this.mine();
    });
  }

  /** For some blocks every transaction is acknowledged and forgotten. */
  forget(blocks: number): void {
    this.#forgetUntilBlock = this.#block + blocks;
  }

  idOf(key: string): string {
    return hashOf(key);
  }

  /** How often each effect happened, by the hash of its key. */
  async counts(): Promise<Map<string, number>> {
    const abi = new Interface(EffectRecorder__factory.abi);
    const logs = await this.provider.getLogs({ address: this.recorder, fromBlock: 0, toBlock: "latest" });
    const counts = new Map<string, number>();
    for (const log of logs) {
      const key = String(abi.parseLog(log)?.args["key"]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  async stop(): Promise<void> {
    clearInterval(this.#mining);
    await this.#busy;
    this.proxy.closeAllConnections();
    await new Promise((resolve) => this.proxy.close(resolve));
    this.provider.destroy();
    await this.node.close();
  }

  private async mine(): Promise<void> {
    this.#snapshots.push(String(await this.provider.send("evm_snapshot", [])));
    this.#snapshots = this.#snapshots.slice(-DEEPEST);
    // Other timestamps make other hashes: a replaced block is never mistaken for the one it replaces.
    await this.provider.send("evm_increaseTime", [1 + this.rng.below(9)]);
    await this.provider.send("evm_mine", []);
    this.#block += 1;
  }

  private queue(work: () => Promise<void>): Promise<void> {
    this.#busy = this.#busy.then(work, work);
    return this.#busy;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const call = JSON.parse(body.toString("utf8")) as Call | readonly Call[];
    const sent = "method" in call && call.method === "eth_sendRawTransaction" ? call : undefined;
    const forgotten = sent !== undefined && this.#block < this.#forgetUntilBlock;
    if (forgotten) this.forgotten += 1;
    const answer = forgotten
      ? JSON.stringify({ jsonrpc: "2.0", id: sent.id, result: `0x${"0".repeat(64)}` })
      : await (
          await fetch(this.target, { method: "POST", headers: { "content-type": "application/json" }, body })
        ).text();
    const silent = this.mute && sent !== undefined;
    if (silent || this.rng.below(100) < LOST_REPLIES_PERCENT) {
      this.lostReplies += 1;
      response.destroy();
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  }
}
