/** The deployed system with the real Permit2 and a real Uniswap v3 pool beside it, as published on npm. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { getCreateAddress, hexlify, Interface, MaxUint256, type Signer } from "ethers";

import { connectContracts } from "../../protocol/contracts.js";
import {
  IDODOPMMIntegration__factory,
  IUniswapV3Factory__factory,
  PlainERC20__factory,
  PmmFactory__factory,
  UniswapLiquidity__factory,
} from "../../protocol/generated/contracts/index.js";
import { tokenNames } from "../../protocol/params/schema.js";
import { createBlueprint } from "../../scripts/deploy/blueprint.js";
import { createDeploymentChain, localParams, type DeploymentChain } from "./deployment.js";

const require = createRequire(import.meta.url);
const PERMIT2_CODE = "hardhat-predeploy/bin/0x000000000022D473030F116dDEE9F6B43aC78BA3.bytecode";
const FACTORY_ARTIFACT = "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json";
const uniswap = new Interface([
  "function createPool(address tokenA, address tokenB, uint24 fee) returns (address pool)",
  "function initialize(uint160 sqrtPriceX96)",
]);

const UNISWAP_FEE = 500;
/** One to one, as Q64.96. */
const PAR = 1n << 96n;
/** Ten per cent on each side of par, about five million of each token. */
const UNISWAP_SPACINGS = 100n;
const UNISWAP_LIQUIDITY = 10n ** 14n;
const GRANT_USD_UNITS = 10n ** 13n;
const GRANT_XAU_WEI = 10_000n * 10n ** 18n;
const GRAM_DECIMALS = 8;
/** Units of 10^-6 cUSDC for 10^-8 of the 8-decimal token, times 1e18: 85 USD each. */
const GRAM_PRICE_WAD = (85n * 10n ** 6n * 10n ** 18n) / 10n ** 8n;
const GRAM_DEPTH = 10_000n * 10n ** 8n;

export type RouterChain = Awaited<ReturnType<typeof startRouterChain>>;

/** Deploys `localhost` with Permit2 and Uniswap v3 named in its parameters. The trader owns plenty of every token. */
export async function startRouterChain() {
  const site = await createDeploymentChain();
  const permit2 = await create(site.attacker, hexlify(readFileSync(require.resolve(PERMIT2_CODE))));
  const artifact = JSON.parse(readFileSync(require.resolve(FACTORY_ARTIFACT), "utf8")) as { bytecode: string };
  const factory = await create(site.attacker, artifact.bytecode);
  // Addresses of tokens are known before the tokens exist, and Uniswap's factory does not ask for their code.
  const { tokens } = createBlueprint(localParams());
  const v3Pool = await createUniswapPool(site.attacker, factory, tokens.cUSDT.address, tokens.cUSDC.address);
  const loaded = localParams((copy) => {
    copy.router.permit2 = permit2;
    copy.router.uniswapV3 = { factory, pools: [v3Pool] };
  });
  const options = { ...site.options, loaded };
  const deployed = await site.execute({
    loaded,
    extraGrants: tokenNames.map((token) => ({
      token,
      to: site.trader.address,
      amountUnits: token === "XAU" ? GRANT_XAU_WEI : GRANT_USD_UNITS,
    })),
  });
  const contracts = connectContracts(deployed.deployment, site.trader);
  const liquidity = await new UniswapLiquidity__factory(site.trader).deploy();
  for (const name of ["cUSDT", "cUSDC"] as const) {
    await (await contracts.token(name).approve(liquidity, MaxUint256)).wait();
  }
  await (await liquidity.add(v3Pool, UNISWAP_SPACINGS, UNISWAP_LIQUIDITY)).wait();
  const router = contracts.router.connect(site.trader);
  for (const name of tokenNames) await (await contracts.token(name).approve(router, MaxUint256)).wait();
  return {
    site,
    options,
    deployed,
    contracts,
    router,
    permit2,
    v3Pool,
    ...(await addGrams(site, deployed, contracts)),
  };
}

/** A token of 8 decimals with a pool against cUSDC, added by the timelock as governance would after the deployment. */
async function addGrams(
  site: DeploymentChain,
  deployed: Awaited<ReturnType<DeploymentChain["execute"]>>,
  contracts: ReturnType<typeof connectContracts>,
) {
  const { blueprint } = deployed;
  const grams = await new PlainERC20__factory(site.trader).deploy("GRAM", GRAM_DECIMALS);
  const pmmFactory = PmmFactory__factory.connect(blueprint.pmmFactory.address, site.trader);
  await (await grams.mint(site.trader, 2n * GRAM_DEPTH)).wait();
  for (const token of [grams, contracts.token("cUSDC")]) {
    await (await token.connect(site.trader).approve(pmmFactory, MaxUint256)).wait();
  }
  const params = {
    kind: 0n,
    pricing: 0n,
    baseToken: await grams.getAddress(),
    quoteToken: blueprint.tokens.cUSDC.address,
    lpFeeRate: 10n ** 14n,
    i: GRAM_PRICE_WAD,
    k: 10n ** 16n,
    isOpenTWAP: true,
    owner: "0x0000000000000000000000000000000000000000",
  };
  const funding = [params, GRAM_DEPTH, (GRAM_DEPTH * GRAM_PRICE_WAD) / 10n ** 18n, 0n, MaxUint256] as const;
  const [gramPool] = await pmmFactory.createFundedPool.staticCall(...funding);
  await (await pmmFactory.createFundedPool(...funding)).wait();
  const governance = await site.impersonate(blueprint.timelock.address);
  const integration = IDODOPMMIntegration__factory.connect(blueprint.dodoIntegration.address, governance);
  await (await integration.registerPool(gramPool)).wait();
  await (await contracts.router.connect(governance).registerPool(gramPool)).wait();
  await (await grams.approve(contracts.router, MaxUint256)).wait();
  return { grams, gramPool, governance };
}

async function create(signer: Signer, data: string): Promise<string> {
  const response = await signer.sendTransaction({ data });
  await response.wait();
  return getCreateAddress(response);
}

async function createUniswapPool(signer: Signer, factory: string, tokenA: string, tokenB: string): Promise<string> {
  const data = uniswap.encodeFunctionData("createPool", [tokenA, tokenB, UNISWAP_FEE]);
  await (await signer.sendTransaction({ to: factory, data })).wait();
  const pool = await IUniswapV3Factory__factory.connect(factory, signer).getPool(tokenA, tokenB, UNISWAP_FEE);
  await (await signer.sendTransaction({ to: pool, data: uniswap.encodeFunctionData("initialize", [PAR]) })).wait();
  return pool;
}
