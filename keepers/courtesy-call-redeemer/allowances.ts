/**
 * Simulating a payment before its allowance is given: the call is made over the state it will meet, with the allowance written into the
 * token's storage for the call alone. Where a token keeps its allowances is found by trying the layouts that tokens have.
 */
import { AbiCoder, Interface, keccak256, toBeHex, zeroPadValue } from "ethers";

import type { MoneyRead } from "../kit/providers/agreement.js";
import type { ChainClient } from "../kit/provider.js";
import type { BlockRef } from "./types.js";

/** State of other accounts that a call is made over, as nodes take it. */
export type StateOverride = Readonly<Record<string, { readonly stateDiff: Readonly<Record<string, string>> }>>;

export const allowanceAbi = new Interface([
  "function allowance(address owner, address spender) view returns (uint256)",
]);

/** Plain layouts have small slots; upgradeable tokens of OpenZeppelin 5 have theirs in a namespace of its own. */
const SMALL_SLOTS = 64n;
const NAMESPACED_SLOT = 0x52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace01n;
/** Fits the 96 bits that some tokens have for it. */
const MARKER = 0x5afe_0000_0000_0000_0000_0001n;
/** As good as unlimited for every token that counts in at least 96 bits. */
const PLENTY = (1n << 96n) - 1n;

type At = Pick<BlockRef, "number" | "hash">;
type Layout = (owner: string, spender: string) => string;

export class Allowances {
  /** By token; null: none of the layouts fits. */
  private readonly layouts = new Map<string, Layout | null>();

  constructor(private readonly client: Pick<ChainClient, "agreedEach">) {}

  /** An allowance that is plenty; undefined where the token keeps them in a way that is not known. @throws RetryableError NO_QUORUM */
  async granted(token: string, owner: string, spender: string, block: At): Promise<StateOverride | undefined> {
    let layout = this.layouts.get(token);
    if (layout === undefined) {
      layout = await this.find(token, owner, spender, block);
      this.layouts.set(token, layout);
    }
    return layout === null ? undefined : written(token, layout(owner, spender), PLENTY);
  }

  private async find(token: string, owner: string, spender: string, block: At): Promise<Layout | null> {
    const data = allowanceAbi.encodeFunctionData("allowance", [owner, spender]);
    const reads = LAYOUTS.map((layout): MoneyRead => {
      const override = written(token, layout(owner, spender), MARKER);
      return { method: "eth_call", params: (at) => [{ to: token, data }, at, override] };
    });
    const answers = await this.client.agreedEach(block, reads);
    const index = answers.findIndex((answer) => answer.ok && answer.result === word(MARKER));
    return LAYOUTS[index] ?? null;
  }
}

const LAYOUTS: readonly Layout[] = [
  ...[...Array(Number(SMALL_SLOTS)).keys()].flatMap((slot) => [solidity(BigInt(slot)), vyper(BigInt(slot))]),
  solidity(NAMESPACED_SLOT),
];

/** mapping(owner => mapping(spender => …)): the key before the slot. */
function solidity(slot: bigint): Layout {
  return (owner, spender) => hashed(padded(spender), hashed(padded(owner), word(slot)));
}

/** The same with the slot before the key. */
function vyper(slot: bigint): Layout {
  return (owner, spender) => hashed(hashed(word(slot), padded(owner)), padded(spender));
}

function written(token: string, slot: string, value: bigint): StateOverride {
  return { [token]: { stateDiff: { [slot]: word(value) } } };
}

function hashed(a: string, b: string): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32"], [a, b]));
}

function padded(address: string): string {
  return zeroPadValue(address, 32);
}

function word(value: bigint): string {
  return toBeHex(value, 32);
}
