/** `npx hardhat deploy --execute` as a process of its own, seen through its requests and killed in the middle of one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import type { JsonRpcProvider } from "ethers";

import type { Fault, FlakyRpc, RpcRequest } from "./flakyRpc.js";

const ROOT = join(import.meta.dirname, "..", "..");
/** Requests of a waiting life after which the chain mines what lies in its pool: enough to see that it does wait. */
const PATIENCE = 4;

/** How a life ends: at the n-th transaction, counted from the first one that ever reached the chain. */
export interface Death {
  /**
   * `unsent`: the transaction never reaches the chain; `unanswered`: the chain has it, the sender never hears of it; `unmined`: the same,
   * and it lies in the pool while the next life starts; `unrecorded`: the sender has its hash and asks for the receipt.
   */
  readonly moment: "unsent" | "unanswered" | "unmined" | "unrecorded";
  readonly at: number;
}

/** How a life ended by itself. */
export interface Ending {
  readonly code: number | null;
  /** The object of `--json`. */
  readonly answer: Record<string, unknown>;
}

/** Runs the command, life after life, against the chain behind a proxy. */
export class DeployCommand {
  /** Transactions that reached the chain, over all lives. */
  arrived = 0;
  /** Requests left until the chain mines again; undefined while it mines by itself. */
  #untilMined: number | undefined;

  constructor(
    private readonly proxy: FlakyRpc,
    private readonly provider: JsonRpcProvider,
    private readonly folder: string,
  ) {}

  /** One life. With `death` it must not end by itself. */
  async live(death: Death | undefined): Promise<Ending | "killed"> {
    const child = spawn(
      "npx",
      ["hardhat", "deploy", "--network", "localhost", "--deployments", this.folder, "--execute", "--json"],
      {
        cwd: ROOT,
        env: { ...process.env, LOCALHOST_RPC_URL: this.proxy.url },
        stdio: ["ignore", "pipe", "pipe"],
        // npx starts a shell, which starts Hardhat: as a group of their own they die together.
        detached: true,
      },
    );
    const { pid } = child;
    if (pid === undefined) throw new Error("npx does not start");
    let [output, errors, killed] = ["", "", false];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    const kill = () => {
      killed = true;
      process.kill(-pid, "SIGKILL");
    };
    this.proxy.fault = (request) => (killed ? { kind: "refuse" } : this.judge(request, death, kill));
    const [code] = (await once(child, "close")) as [number | null];
    if (killed) return "killed";
    if (code !== 0) throw new Error(`the command ended with ${String(code)}: ${errors.slice(-2_000)}`);
    return { code, answer: JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown> };
  }

  /** Watches a request go by, and kills its sender if the time has come. */
  private async judge(request: RpcRequest, death: Death | undefined, kill: () => void): Promise<Fault | undefined> {
    await this.mineWhenAwaited(request);
    if (request.method === "eth_getTransactionReceipt" && death?.moment === "unrecorded" && this.arrived >= death.at) {
      kill();
      return { kind: "refuse" };
    }
    if (request.method !== "eth_sendRawTransaction") return undefined;
    const isLast = this.arrived + 1 === death?.at;
    if (isLast && death.moment === "unsent") {
      kill();
      return { kind: "refuse" };
    }
    this.arrived += 1;
    if (!isLast || death.moment === "unrecorded") return undefined;
    if (death.moment === "unmined") {
      await this.provider.send("evm_setAutomine", [false]);
      this.#untilMined = PATIENCE;
    }
    kill();
    return { kind: "lose-reply" };
  }

  /** Mines what a killed life left in the pool, once the next one has asked for it several times. */
  private async mineWhenAwaited({ method }: RpcRequest): Promise<void> {
    if (this.#untilMined === undefined || method !== "eth_getTransactionCount") return;
    this.#untilMined -= 1;
    if (this.#untilMined > 0) return;
    this.#untilMined = undefined;
    await this.provider.send("evm_setAutomine", [true]);
    await this.provider.send("evm_mine", []);
  }
}
