/**
 * What an address may do in the contracts of a deployment, asked of the contracts themselves: a key that signs for a keeper should hold
 * nothing but its own role, or whoever gets hold of the process gets the rest as well.
 */
import { id, Interface } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { RetryableError } from "../../protocol/errors.js";
import type { ChainClient } from "./provider.js";
import type { RpcAnswer, RpcRequest } from "./providers/transport.js";
import { backoffMs, pause } from "./retry.js";

/** Functions that name who holds a power, and those that say of an address whether it does. */
export const POWER_GETTERS = [
  "function owner() view returns (address)",
  "function pendingOwner() view returns (address)",
  "function guardian() view returns (address)",
  "function pendingGuardian() view returns (address, uint256)",
  "function defaultAdmin() view returns (address)",
  "function pendingDefaultAdmin() view returns (address, uint48)",
  "function admin() view returns (address)",
  "function operator() view returns (address)",
  "function _OWNER_() view returns (address)",
  "function _NEW_OWNER_() view returns (address)",
  "function signers() view returns (address[])",
  "function isKeeper(address) view returns (bool)",
  "function isManager(address) view returns (bool)",
  "function isOperator(address) view returns (bool)",
  "function isWriter(address) view returns (bool)",
  "function isAllowed(address) view returns (bool)",
  "function isSystemContract(address) view returns (bool)",
  "function isAdminListed(address) view returns (bool)",
  "function isAllowedProxy(address) view returns (bool)",
  "function attestors() view returns (address[])",
  "function scheduledAttestors() view returns (address[], uint256, uint256)",
  "function coordinator() view returns (address)",
  // Who is believed about what arrives, and who is lent the reserve that leaves.
  "function router() view returns (address)",
  "function route() view returns (address, uint256, address)",
  "function isAttestor(address) view returns (bool)",
  "function isAdapter(address) view returns (bool)",
  "function hasRole(bytes32, address) view returns (bool)",
] as const;

const getters = new Interface(POWER_GETTERS);
const NO_ROLE_NAME = `0x${"00".repeat(32)}`;
/** Roles of OpenZeppelin's AccessControl and TimelockController, and of M1Token. */
const ROLES: Readonly<Record<string, string>> = {
  DEFAULT_ADMIN_ROLE: NO_ROLE_NAME,
  ...Object.fromEntries(
    ["PROPOSER", "EXECUTOR", "CANCELLER", "MINTER", "REDEEMER", "PAUSER", "FREEZER"].map((name) => [
      `${name}_ROLE`,
      id(`${name}_ROLE`),
    ]),
  ),
};
/** A minimal proxy (EIP-1167), with or without arguments behind it: the address of its code stands between these. */
const MINIMAL_PROXY = /^0x363d3d373d3d3d363d73([0-9a-f]{40})5af43d82803e903d91602b57fd5bf3/;
const [PUSH1, PUSH32, DELEGATECALL] = [0x60, 0x7f, 0xf4];
/** The compiler writes a selector without its leading zeros. */
const SELECTOR_BYTES = 4;
/** Questions in one exchange: small enough for a slow node, large enough that a start is not hundreds of exchanges. */
const AT_ONCE = 16;
/** One unanswered question of some hundred should not keep a keeper from starting. */
const TRIES = 4;
const PAUSE_MS = 50;

/** A power, as `contract.power`: `Stabilizer.isKeeper`, `Timelock.PROPOSER_ROLE`. */
export type Power = string;

interface Question {
  readonly to: string;
  readonly power: Power;
  readonly getter: string;
  readonly data: string;
}

/** What is asked of a node. */
export type PowerClient = Pick<ChainClient, "ask">;

/** Every power that the address holds in a contract of the record, sorted. @throws RetryableError when a question stays unanswered. */
export async function powersOf(
  client: PowerClient,
  deployment: Deployment,
  address: string,
): Promise<readonly Power[]> {
  const contracts = Object.entries(deployment.record.contracts).map(([name, { address: at }]) => ({ name, at }));
  const own = await codesAt(
    client,
    contracts.map(({ at }) => at),
  );
  const behind = own.map((code) => MINIMAL_PROXY.exec(code)?.[1]);
  const proxied = [...new Set(behind.filter((target) => target !== undefined))];
  const codes = new Map((await codesAt(client, proxied)).map((code, index) => [proxied[index], code]));
  const all = questionsAbout(address);
  const questions = contracts.flatMap(({ name, at }, index) => {
    return questionsFor(name, at, codes.get(behind[index]) ?? own[index] ?? "0x", all);
  });
  const calls = questions.map(({ to, data }): RpcRequest => ({ method: "eth_call", params: [{ to, data }, "latest"] }));
  const answers = await askAll(client, calls);
  return questions
    .filter((question, index) => holds(question, answers[index], address))
    .map(({ power }) => power)
    .sort();
}

async function codesAt(client: PowerClient, addresses: readonly string[]): Promise<readonly string[]> {
  const requests = addresses.map((at): RpcRequest => {
    return { method: "eth_getCode", params: [at.startsWith("0x") ? at : `0x${at}`, "latest"] };
  });
  return (await askAll(client, requests)).map((answer) => {
    if ("result" in answer && typeof answer.result === "string") return answer.result;
    throw new RetryableError("RPC_MALFORMED", "the node answered eth_getCode with no code", "check the node");
  });
}

/** Answers in the order of the requests, some at a time. */
async function askAll(client: PowerClient, requests: readonly RpcRequest[]): Promise<readonly RpcAnswer[]> {
  const answers: RpcAnswer[] = [];
  for (let from = 0; from < requests.length; from += AT_ONCE) {
    const some = requests.slice(from, from + AT_ONCE);
    const method = some[0]?.method ?? "";
    answers.push(...(await patiently(() => client.ask({ method, requests: () => some, read: (given) => given }))));
  }
  return answers;
}

/** Everything that can be asked about an address, of any contract: encoded once, because a contract has few of these functions. */
function questionsAbout(address: string): readonly Omit<Question, "to">[] {
  return getters.fragments.flatMap((fragment): Omit<Question, "to">[] => {
    if (fragment.type !== "function") return [];
    const getter = (fragment as unknown as { name: string }).name;
    const ask = (power: string, args: readonly unknown[]): Omit<Question, "to"> => {
      return { power, getter, data: getters.encodeFunctionData(getter, args) };
    };
    if (getter === "hasRole") return Object.entries(ROLES).map(([role, hash]) => ask(role, [hash, address]));
    return [ask(getter, fragment.inputs.length === 0 ? [] : [address])];
  });
}

/** Those that this contract has. */
function questionsFor(name: string, to: string, code: string, all: readonly Omit<Question, "to">[]): Question[] {
  const { constants, delegates } = readCode(code);
  // What answers for a contract that delegates stands elsewhere: there every question is asked.
  const own = delegates ? all : all.filter(({ data }) => constants.has(Number(data.slice(0, 10))));
  return own.map(({ power, ...question }) => ({ ...question, to, power: `${name}.${power}` }));
}

/** Small constants that the code pushes, selectors among them, and whether it runs code of other contracts. */
function readCode(code: string): { readonly constants: ReadonlySet<number>; readonly delegates: boolean } {
  const bytes = Buffer.from(code.slice(2), "hex");
  const constants = new Set<number>();
  let delegates = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const operation = bytes[at] ?? 0;
    if (operation === DELEGATECALL) delegates = true;
    if (operation < PUSH1 || operation > PUSH32) continue;
    const length = operation - PUSH1 + 1;
    if (length <= SELECTOR_BYTES && at + length < bytes.length) constants.add(bytes.readUIntBE(at + 1, length));
    at += length;
  }
  return { constants, delegates };
}

function holds({ getter }: Question, answer: RpcAnswer | undefined, address: string): boolean {
  // An answer that is an error: the contract has no such function.
  if (answer === undefined || !("result" in answer)) return false;
  let first: unknown;
  try {
    first = getters.decodeFunctionResult(getter, String(answer.result))[0];
  } catch {
    return false;
  }
  if (typeof first === "boolean") return first;
  const named = Array.isArray(first) ? first.map(String) : [String(first)];
  return named.some((holder) => holder.toLowerCase() === address.toLowerCase());
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RetryableError) || attempt === TRIES) throw error;
      await pause(backoffMs(attempt, PAUSE_MS, PAUSE_MS * TRIES));
    }
  }
}
