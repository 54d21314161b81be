import { AbiCoder, getCreate2Address, keccak256 } from "ethers";

import { PermanentError } from "../errors.js";

/** Contracts of Uniswap v3 that Cantilever talks to. */
export interface UniswapAddresses {
  readonly factory: string;
  /** SwapRouter of the periphery, the one whose swaps carry a deadline. */
  readonly router: string;
  /** QuoterV2. */
  readonly quoter: string;
  /** WETH9. */
  readonly wrappedEther: string;
}

/** Ethereum, as Uniswap's documentation lists them. */
export const UNISWAP_MAINNET: UniswapAddresses = {
  factory: "0x1F98431c8aD98523631AE4a59f267346ea31F984",
  router: "0xE592427A0AEce92De3Edee1F18E0157C05861564",
  quoter: "0x61fFE014bA17989E743c5F6cB21bF9697530B21e",
  wrappedEther: "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
};

/** keccak256 of the pool's creation code: the router finds pools by it. Source: v3-periphery, PoolAddress.POOL_INIT_CODE_HASH. */
const POOL_CODE_HASH = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54";

/** The published addresses of a chain. @throws PermanentError UNISWAP_NOT_PUBLISHED on any chain but Ethereum. */
export function publishedUniswap(chainId: number): UniswapAddresses {
  if (chainId === 1) return UNISWAP_MAINNET;
  throw new PermanentError(
    "UNISWAP_NOT_PUBLISHED",
    `the addresses of Uniswap v3 are known for chain 1, not for chain ${String(chainId)}`,
    "name the addresses of the local contracts",
    { chainId: String(chainId) },
  );
}

/** Where the factory creates the pool of two tokens at a fee in millionths, whether it has done so or not. */
export function poolAddress(factory: string, tokenA: string, tokenB: string, fee: bigint): string {
  const [token0, token1] = BigInt(tokenA) < BigInt(tokenB) ? [tokenA, tokenB] : [tokenB, tokenA];
  const salt = keccak256(AbiCoder.defaultAbiCoder().encode(["address", "address", "uint24"], [token0, token1, fee]));
  return getCreate2Address(factory, salt, POOL_CODE_HASH);
}
