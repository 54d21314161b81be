/** A node on this machine with a market of Aave v3 on it, and an account that owes. */
import { aaveRevert } from "../protocol/aave/reverts.js";
import { PermanentError } from "../protocol/errors.js";
import { parseDecimal } from "../protocol/units.js";
import { runCommand, type CommandContext, type CommandResult } from "./cli.js";
import { untilEnd } from "./untilEnd.js";

const USD_DECIMALS = 8;
/** Whole tokens of a lender, of the borrower's deposit and of the keeper's wallet. */
const LIQUIDITY = { WETH: "1000", WBTC: "100", USDC: "5000000", DAI: "5000000" } as const;
const DEPOSIT_WETH = "10";
const WALLET_USDC = "50000";
/** Between two blocks of the node; transactions have one at once. */
const NODE_BLOCK_MS = 2_000;

const FLAGS = {
  port: { kind: "integer", min: 0, max: 65_535, default: 8549, help: "of the requests; 0 takes a free one" },
  debt: { kind: "string", placeholder: "USDC", default: "14000", help: "owed against 10 WETH at 2,000 dollars" },
  price: {
    kind: "string",
    placeholder: "USD",
    help: "dollars per WETH once that is owed; 1750 brings 14,000 into danger",
  },
  for: { kind: "duration", placeholder: "120s", help: "run that long (default: until Ctrl-C)" },
} as const;

const COMMAND = {
  command: "npm run aave:world --",
  summary:
    "A node with the real Aave v3: a market of four reserves, a lender, an account that owes and a wallet that can pay.",
  flags: FLAGS,
} as const;

async function main({ flags, signal, say }: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  const priceUsd8 = flags.price === undefined ? undefined : parseDecimal(flags.price, USD_DECIMALS);
  // Help and wrong usage need not wait for Hardhat.
  const { network } = await import("hardhat");
  const { JsonRpcProvider } = await import("ethers");
  const { deployAave, REFERENCE_RESERVES } = await import("./aave/deploy.js");
  const { AaveScenario } = await import("./aave/scenario.js");
  const { LocalChain } = await import("./local/chain.js");

  const server = await network.createServer("sim138", "127.0.0.1", flags.port);
  const { port } = await server.listen();
  const rpc = `http://127.0.0.1:${String(port)}`;
  const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1 });
  try {
    const chain = new LocalChain(provider);
    const [deployer = "", lender = "", wallet = "", borrower = ""] = await chain.accounts();
    const market = await deployAave(chain, { deployer, reserves: REFERENCE_RESERVES });
    const scenario = new AaveScenario(chain, market);
    const units = (symbol: string, whole: string): bigint => parseDecimal(whole, scenario.reserve(symbol).decimals);
    for (const [symbol, whole] of Object.entries(LIQUIDITY))
      await scenario.supply(symbol, lender, units(symbol, whole));
    await scenario.supply("WETH", borrower, units("WETH", DEPOSIT_WETH));
    await scenario.borrow("USDC", borrower, units("USDC", flags.debt)).catch((error: unknown) => {
      const revert = aaveRevert(error);
      if (revert === undefined) throw error;
      throw new PermanentError(revert.code, `borrowing ${flags.debt} USDC: the pool refused it`, "--debt: owe less");
    });
    await scenario.give("USDC", wallet, units("USDC", WALLET_USDC));
    if (priceUsd8 !== undefined) await scenario.setPrice("WETH", priceUsd8);

    await provider.send("evm_setIntervalMining", [NODE_BLOCK_MS]);

    const [weth, usdc] = [scenario.reserve("WETH"), scenario.reserve("USDC")];
    const env = {
      LOCALHOST_RPC_URL: rpc,
      REDEEMER_PROTOCOL: "aave-v3",
      REDEEMER_MODE: "preemptive",
      REDEEMER_LOCAL_ACCOUNT: wallet,
      OPERATORS: borrower,
      REDEEMER_AAVE_PROVIDER: market.provider,
      REDEEMER_AAVE_POOL: market.pool,
      REDEEMER_AAVE_WRAPPED_NATIVE: weth.asset,
      REDEEMER_AAVE_TOKEN: `${usdc.symbol}:${String(usdc.decimals)}:${usdc.asset}`,
      REDEEMER_AAVE_PER_DAY: WALLET_USDC,
    };
    for (const [name, value] of Object.entries(env)) say(`export ${name}=${value}`);
    say("Ctrl-C ends it");
    await untilEnd(signal, flags.for);
    const healthWad = await scenario.healthOf(borrower);
    return { ok: true, report: { rpc, market: { provider: market.provider, pool: market.pool }, env, healthWad } };
  } finally {
    provider.destroy();
    await server.close();
  }
}

await runCommand(COMMAND, main);
