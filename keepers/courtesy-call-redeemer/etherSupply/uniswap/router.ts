/**
 * Uniswap v3 behind the boundary of the supply: one pool, named by its fee; SwapRouter sells, and unwraps in the same transaction. Two
 * quotes: the pool as it is, by QuoterV2, and the pool's average price, which a trade of the same block does not move, less the pool's fee.
 */
import type { Interface, Result } from "ethers";

import { PermanentError, RetryableError } from "../../../../protocol/errors.js";
import { poolAddress, type UniswapAddresses } from "../../../../protocol/uniswap/addresses.js";
import { MILLION, uniswapAbi } from "../../../../protocol/uniswap/contracts.js";
import { uniswapRevert } from "../../../../protocol/uniswap/reverts.js";
import { amountAtTick, meanTick } from "../../../../protocol/uniswap/ticks.js";
import { actionEncoder, bytesOf, type Action, type ActionMethod } from "../../../kit/policy/action.js";
import type { PolicyRule } from "../../../kit/policy/types.js";
import type { AgreedAnswer, ChainClient, Head } from "../../../kit/provider.js";
import { pinnedCall } from "../../../kit/providers/confirm.js";
import type { CommonRule, Look } from "../../site.js";
import type { EtherRouter, Quote, SwapOrder } from "../types.js";
import { encodeSwap } from "./calls.js";
import { looksOf, rulesOf, SWAP, swapMethods, type SwapBounds } from "./signing.js";

export interface UniswapParts {
  readonly client: Pick<ChainClient, "agreedEach" | "request">;
  readonly addresses: UniswapAddresses;
  /** What is sold; lower case. */
  readonly token: string;
  readonly poolFee: bigint;
  readonly averageSeconds: number;
  readonly bounds: SwapBounds;
}

/** One pool with its ticks, the unwrapping, and room for colder storage; measured are 150,000. */
const SWAP_GAS = 400_000n;
const ABIS: Readonly<Record<keyof typeof uniswapAbi, Interface>> = uniswapAbi;
const POOL = "pool";
const AVERAGE = "average";

export class UniswapRouter implements EtherRouter {
  readonly name = "Uniswap v3";
  readonly spender: string;
  readonly contracts: Readonly<Record<string, string>>;
  readonly gasLimit = SWAP_GAS;
  readonly methods: Readonly<Record<string, ActionMethod>>;
  private readonly pool: string;

  constructor(private readonly parts: UniswapParts) {
    const { factory, router, quoter, wrappedEther } = parts.addresses;
    this.spender = router.toLowerCase();
    this.pool = poolAddress(factory, parts.token, wrappedEther, parts.poolFee);
    this.contracts = {
      ...{ UniswapV3Factory: factory, SwapRouter: router, QuoterV2: quoter, WETH9: wrappedEther },
      UniswapV3Pool: this.pool,
    };
    this.methods = swapMethods(router);
  }

  rules(common: CommonRule, signer: string): readonly PolicyRule[] {
    const { addresses, token, poolFee, bounds } = this.parts;
    return rulesOf({ addresses, token, poolFee, bounds, gasLimit: SWAP_GAS, signer }, common);
  }

  looks(action: Action, account: string): readonly Look[] {
    if (action.name !== SWAP) return [];
    const { to, data } = bytesOf(actionEncoder(this.methods), action);
    return looksOf(action, { account, to, data, bounds: this.parts.bounds }, this.observation(), (answer, units) =>
      this.averageOut(answer, units),
    );
  }

  async quotes(amountUnits: bigint, head: Head): Promise<readonly Quote[]> {
    const { client, addresses, token, poolFee } = this.parts;
    const params = [token, addresses.wrappedEther, amountUnits, poolFee, 0n];
    const data = uniswapAbi.quoter.encodeFunctionData("quoteExactInputSingle", [params]);
    const [spot, average] = await client.agreedEach(head, [
      pinnedCall({ to: addresses.quoter, data }),
      this.observation(),
    ]);
    return [quoteOf(POOL, spot, quotedOf), quoteOf(AVERAGE, average, (answer) => this.averageOut(answer, amountUnits))];
  }

  swap({ amountUnits, leastOutWei, deadline }: SwapOrder, account: string): Action {
    const { addresses, token, poolFee } = this.parts;
    const data = encodeSwap({
      ...{ token, wrappedEther: addresses.wrappedEther, poolFee, amountUnits, leastOutWei, deadline },
      recipient: account,
    });
    return { name: SWAP, args: { data } };
  }

  refusal(error: unknown): string {
    return uniswapRevert(error) ?? "REVERTED";
  }

  async verify(): Promise<string> {
    const { client, addresses, token, poolFee } = this.parts;
    const ask = async (of: "factory" | "router" | "quoter", view: string, args: readonly unknown[] = []) => {
      const request = { to: addresses[of], data: ABIS[of].encodeFunctionData(view, args) };
      const answer = String(await client.request("eth_call", [request, "latest"]));
      return `0x${answer.slice(-40)}`.toLowerCase();
    };
    for (const of of ["router", "quoter"] as const) {
      for (const [view, wanted] of [
        ["factory", addresses.factory],
        ["WETH9", addresses.wrappedEther],
      ] as const) {
        const found = await ask(of, view);
        if (found !== wanted.toLowerCase()) throw foreign(`${view} of the ${of} is ${found}, expected ${wanted}`);
      }
    }
    const pool = await ask("factory", "getPool", [token, addresses.wrappedEther, poolFee]);
    if (pool !== this.pool.toLowerCase()) {
      throw foreign(`the factory has no pool of ${token} and ether at a fee of ${String(poolFee)} millionths`);
    }
    return `${this.name}, pool ${this.pool}`;
  }

  private observation() {
    const { averageSeconds } = this.parts;
    return pinnedCall({ to: this.pool, data: uniswapAbi.pool.encodeFunctionData("observe", [[averageSeconds, 0]]) });
  }

  /** What the amount less the pool's fee is worth at the average price, rounded down; undefined for what is no answer of a pool. */
  private averageOut(answer: string, amountUnits: bigint): bigint | undefined {
    const { token, addresses, poolFee, averageSeconds } = this.parts;
    const [before, after] = cumulativesOf(answer);
    if (before === undefined || after === undefined) return undefined;
    const tick = meanTick(before, after, BigInt(averageSeconds));
    const paidUnits = (amountUnits * (MILLION - poolFee)) / MILLION;
    return amountAtTick(tick, paidUnits, BigInt(token) < BigInt(addresses.wrappedEther));
  }
}

function quoteOf(
  source: string,
  answer: AgreedAnswer | undefined,
  decode: (answer: string) => bigint | undefined,
): Quote {
  if (answer === undefined) throw new RetryableError("UNISWAP_NO_ANSWER", `no answer about the ${source}`);
  if (!answer.ok) return { source, reason: uniswapRevert(answer.error) ?? "REVERTED" };
  const outWei = decode(String(answer.result));
  return outWei === undefined ? { source, reason: "MALFORMED" } : { source, outWei };
}

function quotedOf(answer: string): bigint | undefined {
  return decoded("quoter", "quoteExactInputSingle", answer)?.[0] as bigint | undefined;
}

function cumulativesOf(answer: string): readonly bigint[] {
  return [...((decoded("pool", "observe", answer)?.[0] ?? []) as Iterable<bigint>)];
}

function decoded(of: "quoter" | "pool", view: string, answer: string): Result | undefined {
  try {
    return ABIS[of].decodeFunctionResult(view, answer);
  } catch {
    return undefined;
  }
}

function foreign(message: string): PermanentError {
  return new PermanentError(
    "UNISWAP_FOREIGN",
    message,
    "are REDEEMER_SWAP_FILE, REDEEMER_SWAP_TOKEN and REDEEMER_SWAP_POOL_FEE those of one system?",
  );
}
