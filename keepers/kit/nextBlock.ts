/**
 * Reads and simulations as of the *next* block. What a stabilizer may do depends on `block.number` (block ends, cooldown), and an
 * eth_call on `latest` runs with the number of the block that has already ended: a keeper that asks that way acts one block late.
 *
 * Measured: EDR 0.15, anvil 1.7.1 and geth 1.17.0 answer `latest` with N and `pending` with N + 1; geth and anvil take block
 * overrides, EDR refuses them. Reported for some versions of Besu and Nethermind: `pending` is answered like `latest`. So the way is
 * found by asking the node, best first:
 * - `override`: state after the pinned head, block number N + 1. Nothing in the mempool can influence it.
 * - `pending`: the node's own next block, which includes what waits in the mempool.
 * - `latest`: works everywhere, one block late.
 *
 * Each node has its own way. Calls that a keeper makes in every block are prepared: they travel in one batch with the question for the
 * head, so that a block in which nothing happens costs one request.
 */
import type { ChainClient, Head } from "./provider.js";
import type { Endpoint } from "./providers/endpoint.js";
import { TransportFailure } from "./providers/failure.js";
import { LATEST_BLOCK, readBlock } from "./providers/head.js";
import type { RpcAnswer, RpcRequest } from "./providers/transport.js";

export type NextBlockMode = "override" | "pending" | "latest";

/** A call as nodes take it. */
export interface CallRequest {
  readonly to?: string;
  readonly from?: string;
  readonly data: string;
  readonly valueWei?: bigint;
  readonly gasLimit?: bigint;
}

/** EVM code that returns block.number: NUMBER, MSTORE at 0, RETURN 32 bytes. Called without address, so it needs no contract. */
const RETURN_BLOCK_NUMBER = "0x4360005260206000f3";
const PENDING_ATTEMPTS = 3;
const HEX_DATA = /^0x([0-9a-fA-F]{2})*$/;
/** How nodes say that they do not have the pinned block. */
const UNKNOWN_BLOCK = /header not found|unknown block|block not found|missing trie node|missing state/i;

/** Asks the chain about its next block, in the best way each node offers. */
export class NextBlock {
  private standing: readonly CallRequest[] = [];
  /** Answers that came with the newest head, by call; each is used once. */
  private prepared = new Map<string, RpcAnswer>();
  private preparedFor: Head | undefined;

  constructor(private readonly client: Pick<ChainClient, "ask" | "look" | "errorOf" | "preferred" | "endpoints">) {}

  /** The way in use; undefined before the first `probe`. */
  get mode(): NextBlockMode | undefined {
    return this.client.preferred.nextBlockMode;
  }

  /** Finds the best way of the node that is asked first. Call again after it may have been replaced. */
  async probe(head: Head): Promise<NextBlockMode> {
    return this.client.ask({
      method: "eth_call",
      requests: async (endpoint) => {
        endpoint.nextBlockMode = await findMode(endpoint, head);
        return [LATEST_BLOCK];
      },
      read: (_, { nextBlockMode }) => nextBlockMode ?? "latest",
    });
  }

  /** Calls that will be made in every block. */
  prepare(calls: readonly CallRequest[]): void {
    this.standing = calls;
  }

  /** What came with the newest head turned out to be older than it: the calls are made again. */
  forget(): void {
    this.prepared.clear();
  }

  /**
   * The newest block, with the prepared calls in the same request. Nodes answer the parts of a request in any order, so that a block may
   * arrive after the calls and before the question for the head; what a caller reads has a number of its own. @throws like ChainClient.head
   */
  async head(): Promise<Head> {
    const expected = (this.preparedFor?.number ?? -1) + 1;
    const { head, endpoint, answers } = await this.client.look((asked) => this.prepareFor(asked, expected));
    this.preparedFor = head;
    const calls = this.standing.map((call, index) => [keyOf(call), answers[index]] as const);
    const usable = endpoint.nextBlockMode !== "override" || (head.number === expected && isStill(head, answers.at(-1)));
    this.prepared = new Map(
      usable ? calls.flatMap(([key, answer]) => (answer === undefined ? [] : [[key, answer]])) : [],
    );
    return head;
  }

  /**
   * eth_call in the context of the block after `head`.
   * @returns the returned data. @throws RetryableError when nobody answers; ethers' error, with revert data, when the call fails.
   */
  async call(request: CallRequest, head: Head): Promise<string> {
    const { answer, asked } = this.take(request, head) ?? (await this.askFor(request, head));
    if ("error" in answer) throw this.client.errorOf(asked, answer);
    return String(answer.result);
  }

  /** At how many of the first `enough` nodes that may be asked the call would pass in the block after `head`. Never throws. */
  async passes(request: CallRequest, head: Head, enough: number): Promise<number> {
    const nodes = this.client.endpoints.filter(({ quarantine }) => quarantine.reason === undefined).slice(0, enough);
    const passed = await Promise.all(nodes.map((endpoint) => passesAt(endpoint, request, head)));
    return passed.filter(Boolean).length;
  }

  private async askFor(request: CallRequest, head: Head): Promise<{ answer: RpcAnswer; asked: RpcRequest }> {
    let asked = ethCall("latest", request, head);
    return this.client.ask({
      method: "eth_call",
      requests: async (endpoint) => {
        endpoint.nextBlockMode ??= await findMode(endpoint, head);
        asked = ethCall(endpoint.nextBlockMode, request, head);
        return [asked];
      },
      read: ([answer]) => ({ answer: readCall(answer), asked }),
    });
  }

  /** Override calls cannot be pinned to a head that is not known yet: they name the number they expect, and are checked afterwards. */
  private prepareFor({ nextBlockMode: mode }: Endpoint, expected: number): readonly RpcRequest[] {
    if (mode === undefined || this.standing.length === 0) return [];
    if (mode !== "override") return this.standing.map((call) => callWith(call, [mode]));
    const last = this.preparedFor;
    if (last === undefined) return [];
    const overrides = { number: hex(BigInt(expected) + 1n), time: hex(BigInt(last.timestamp) + 2n) };
    return [...this.standing.map((call) => callWith(call, ["latest", {}, overrides])), LATEST_BLOCK];
  }

  private take(request: CallRequest, head: Head): { answer: RpcAnswer; asked: RpcRequest } | undefined {
    const key = keyOf(request);
    const answer = head.hash === this.preparedFor?.hash ? this.prepared.get(key) : undefined;
    this.prepared.delete(key);
    if (answer === undefined || ("result" in answer && !isHexData(answer.result))) return undefined;
    return { answer, asked: ethCall("latest", request, head) };
  }
}

async function findMode(endpoint: Endpoint, head: Head): Promise<NextBlockMode> {
  if ((await numberSeen(endpoint, head, "override")) === BigInt(head.number) + 1n) return "override";
  // `latest` is asked after `pending`: a node that answers both alike can then never look as if it were ahead, even when a block
  // arrives in between. An honest node may lose that race, hence several attempts.
  for (let attempt = 0; attempt < PENDING_ATTEMPTS; attempt += 1) {
    const pending = await numberSeen(endpoint, head, "pending");
    if (pending > (await numberSeen(endpoint, head, "latest"))) return "pending";
  }
  return "latest";
}

async function passesAt(endpoint: Endpoint, request: CallRequest, head: Head): Promise<boolean> {
  try {
    endpoint.nextBlockMode ??= await findMode(endpoint, head);
    const [answer] = await endpoint.ask([ethCall(endpoint.nextBlockMode, request, head)]);
    return answer !== undefined && "result" in answer && isHexData(answer.result);
  } catch {
    return false;
  }
}

/** The block number a call sees; -1 when the node refuses the question. @throws TransportFailure when it does not answer. */
async function numberSeen(endpoint: Endpoint, head: Head, mode: NextBlockMode): Promise<bigint> {
  const [answer] = await endpoint.ask([ethCall(mode, { data: RETURN_BLOCK_NUMBER }, head)]);
  if (answer === undefined || "error" in answer || !isHexData(answer.result) || answer.result === "0x") return -1n;
  return BigInt(answer.result);
}

/** @throws TransportFailure when the node cannot know, or did not answer with bytes. */
function readCall(answer: RpcAnswer | undefined): RpcAnswer {
  if (answer === undefined) throw new TransportFailure("malformed");
  if ("error" in answer) {
    if (UNKNOWN_BLOCK.test(answer.error.message)) throw new TransportFailure("unknown-block");
  } else if (!isHexData(answer.result)) throw new TransportFailure("malformed", "no bytes");
  return answer;
}

function isHexData(value: unknown): value is string {
  return typeof value === "string" && HEX_DATA.test(value);
}

/** Whether the head at the end of a batch is the one at its beginning. */
function isStill(head: Head, answer: RpcAnswer | undefined): boolean {
  try {
    return readBlock(answer)?.head.hash === head.hash;
  } catch {
    return false;
  }
}

/** Only a bare call can be prepared: who calls and with how much gas is known later. */
function keyOf({ to, data, from, valueWei, gasLimit }: CallRequest): string {
  return [to?.toLowerCase(), data, from, valueWei, gasLimit].join(" ");
}

function ethCall(mode: NextBlockMode, request: CallRequest, head: Head): RpcRequest {
  if (mode !== "override") return callWith(request, [mode]);
  // The next block's timestamp is not known; the smallest possible one is used. Oracle ages then err by less than a block.
  const next = { number: hex(BigInt(head.number) + 1n), time: hex(BigInt(head.timestamp) + 1n) };
  return callWith(request, [{ blockHash: head.hash }, {}, next]);
}

function callWith(request: CallRequest, context: readonly unknown[]): RpcRequest {
  const call = {
    data: request.data,
    ...(request.to === undefined ? {} : { to: request.to }),
    ...(request.from === undefined ? {} : { from: request.from }),
    ...(request.valueWei === undefined ? {} : { value: hex(request.valueWei) }),
    ...(request.gasLimit === undefined ? {} : { gas: hex(request.gasLimit) }),
  };
  return { method: "eth_call", params: [call, ...context] };
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
