import { Interface } from "ethers";

/** What Cantilever asks of Uniswap v3, and what it calls, as published in @uniswap/v3-core 1.0.1 and @uniswap/v3-periphery 1.4.4. */
export const uniswapAbi = {
  factory: new Interface(["function getPool(address tokenA, address tokenB, uint24 fee) view returns (address pool)"]),
  pool: new Interface([
    "function observe(uint32[] secondsAgos) view returns (int56[] tickCumulatives, uint160[] secondsPerLiquidityCumulativeX128s)",
    "function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16 observationIndex, uint16 observationCardinality, uint16 observationCardinalityNext, uint8 feeProtocol, bool unlocked)",
  ]),
  quoter: new Interface([
    "function factory() view returns (address)",
    "function WETH9() view returns (address)",
    "function quoteExactInputSingle((address tokenIn, address tokenOut, uint256 amountIn, uint24 fee, uint160 sqrtPriceLimitX96) params) returns (uint256 amountOut, uint160 sqrtPriceX96After, uint32 initializedTicksCrossed, uint256 gasEstimate)",
  ]),
  router: new Interface([
    "function factory() view returns (address)",
    "function WETH9() view returns (address)",
    "function multicall(bytes[] data) payable returns (bytes[] results)",
    "function exactInputSingle((address tokenIn, address tokenOut, uint24 fee, address recipient, uint256 deadline, uint256 amountIn, uint256 amountOutMinimum, uint160 sqrtPriceLimitX96) params) payable returns (uint256 amountOut)",
    "function unwrapWETH9(uint256 amountMinimum, address recipient) payable",
  ]),
} as const;

/** Fees of pools, millionths. */
export const POOL_FEES = ["100", "500", "3000", "10000"] as const;
export const MILLION = 1_000_000n;
