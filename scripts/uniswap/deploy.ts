/** Uniswap v3 on a development chain, from the published bytecode, and a pool of a token and wrapped ether with liquidity over all prices. */
import { getAddress, Interface, MaxUint256, ZeroAddress } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { sqrtDown } from "../../protocol/math.js";
import { poolAddress, type UniswapAddresses } from "../../protocol/uniswap/addresses.js";
import { uniswapAbi } from "../../protocol/uniswap/contracts.js";
import type { LocalChain, LocalReceipt } from "../local/chain.js";
import { uniswapArtifact, uniswapCreationCode, type UniswapContract } from "./artifacts.js";

const tokenAbi = new Interface(["function approve(address spender, uint256 value) returns (bool)"]);
/** Steps between ticks of positions, by fee. */
const SPACINGS: ReadonlyMap<bigint, bigint> = new Map([
  [500n, 10n],
  [3_000n, 60n],
  [10_000n, 200n],
]);
const MAX_TICK = 887_272n;
const LAST_SECOND = 2n ** 40n;

export interface PoolOptions {
  readonly token: string;
  /** Millionths. */
  readonly fee: bigint;
  /** Who has both, and gives them; his token is approved here. */
  readonly provider: string;
  /** What the pool gets; their ratio is its price. */
  readonly tokenUnits: bigint;
  readonly etherWei: bigint;
  /** Prices that the pool remembers, one per block with a trade. */
  readonly observations: number;
}

export class LocalUniswap {
  private constructor(
    private readonly chain: LocalChain,
    private readonly deployer: string,
    readonly addresses: UniswapAddresses,
    private readonly positions: string,
  ) {}

  static async deploy(chain: LocalChain, deployer: string): Promise<LocalUniswap> {
    const create = async (name: UniswapContract, ...args: unknown[]): Promise<string> => {
      const { contractAddress } = await chain.send({ from: deployer, data: uniswapCreationCode(name, args) });
      if (contractAddress === undefined) throw new PermanentError("UNISWAP_NOT_CREATED", `no ${name} was created`);
      return getAddress(contractAddress);
    };
    const wrappedEther = await create("WETH9");
    const factory = await create("UniswapV3Factory");
    const router = await create("SwapRouter", factory, wrappedEther);
    const quoter = await create("QuoterV2", factory, wrappedEther);
    // Nobody looks at the pictures of positions.
    const positions = await create("NonfungiblePositionManager", factory, wrappedEther, ZeroAddress);
    return new LocalUniswap(chain, deployer, { factory, router, quoter, wrappedEther }, positions);
  }

  /** Creates the pool at the price of its liquidity, and gives it that. @returns its address. */
  async createPool({ token, fee, provider, tokenUnits, etherWei, observations }: PoolOptions): Promise<string> {
    const { wrappedEther, factory } = this.addresses;
    const isToken0 = BigInt(token) < BigInt(wrappedEther);
    const [token0, token1] = isToken0 ? [token, wrappedEther] : [wrappedEther, token];
    const [amount0, amount1] = isToken0 ? [tokenUnits, etherWei] : [etherWei, tokenUnits];
    const spacing = SPACINGS.get(fee);
    if (spacing === undefined) throw new PermanentError("UNISWAP_FEE_UNKNOWN", `no pool has a fee of ${String(fee)}`);
    const edge = (MAX_TICK / spacing) * spacing;
    const sqrtPriceX96 = sqrtDown((amount1 << 192n) / amount0);
    const manager = uniswapArtifact("NonfungiblePositionManager").abi;
    const create = [token0, token1, fee, sqrtPriceX96];
    const mint = [[token0, token1, fee, -edge, edge, amount0, amount1, 0n, 0n, provider, LAST_SECOND]];
    await this.send(provider, token, tokenAbi.encodeFunctionData("approve", [this.positions, MaxUint256]));
    await this.send(
      provider,
      this.positions,
      manager.encodeFunctionData("multicall", [
        [
          manager.encodeFunctionData("createAndInitializePoolIfNecessary", create),
          manager.encodeFunctionData("mint", mint),
          manager.encodeFunctionData("refundETH"),
        ],
      ]),
      etherWei,
    );
    const pool = poolAddress(factory, token, wrappedEther, fee);
    const remember = uniswapArtifact("UniswapV3Pool").abi.encodeFunctionData("increaseObservationCardinalityNext", [
      observations,
    ]);
    await this.send(this.deployer, pool, remember);
    return pool;
  }

  /** Somebody buys the token for ether: it becomes dearer. */
  buy(from: string, token: string, fee: bigint, etherWei: bigint): Promise<LocalReceipt> {
    const order = [this.addresses.wrappedEther, token, fee, from, LAST_SECOND, etherWei, 0n, 0n];
    return this.send(from, this.addresses.router, this.encode(order), etherWei);
  }

  /** Somebody sells the token for wrapped ether: it becomes cheaper. */
  async sell(from: string, token: string, fee: bigint, units: bigint): Promise<LocalReceipt> {
    const { router } = this.addresses;
    await this.send(from, token, tokenAbi.encodeFunctionData("approve", [router, units]));
    return this.send(from, router, this.sellData(from, token, fee, units));
  }

  /** What `sell` sends, once the router may take the token. */
  sellData(from: string, token: string, fee: bigint, units: bigint): string {
    return this.encode([token, this.addresses.wrappedEther, fee, from, LAST_SECOND, units, 0n, 0n]);
  }

  private encode(order: readonly unknown[]): string {
    return uniswapAbi.router.encodeFunctionData("exactInputSingle", [order]);
  }

  private send(from: string, to: string, data: string, valueWei = 0n): Promise<LocalReceipt> {
    return this.chain.send({ from, to, data, valueWei });
  }
}
