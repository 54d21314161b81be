/** `npm run tbtc:world`: a node on this machine with the whole of tBTC v1 on it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { parseWad, parseDecimal } from "../protocol/units.js";
import type { BitcoinTransaction } from "./tbtc/bitcoin.js";
import { runCommand, type CommandContext, type CommandResult } from "./cli.js";
import { untilEnd } from "./untilEnd.js";

/** Satoshis are the eighth digit. */
const BTC_DECIMALS = 8;
/** Accounts of the node: the first deploys and funds, the next four are the signers. */
const OPERATORS = 4;
const BLOCK_MS = 10_000;
/** Blocks on top of what was opened: as many as a keeper waits for by default, whatever is at stake. */
const DEPTH = 32;
/** Between two blocks of the node; transactions have one at once. */
const NODE_BLOCK_MS = 2_000;
/** Blocks on the coins of the deposits. */
const FUNDING_DEPTH = 6;

const FLAGS = {
  port: { kind: "integer", min: 0, max: 65_535, default: 8547, help: "of the requests; 0 takes a free one" },
  lots: { kind: "list", placeholder: "0.1,1", default: ["1"], help: "deposits to open, by their size in BTC" },
  price: { kind: "string", placeholder: "BTC", help: "BTC per ETH once the deposits are open (opened at 0.032)" },
  call: { kind: "boolean", help: "call the courtesy of every deposit; needs a --price below 0.02667" },
  electrum: {
    kind: "integer",
    min: 0,
    max: 65_535,
    help: "also a Bitcoin chain with the deposits' coins, by Electrum on this port",
  },
  block: { kind: "duration", placeholder: "10s", help: "between two blocks of that chain (default: 10s)" },
  for: { kind: "duration", placeholder: "120s", help: "run that long (default: until Ctrl-C)" },
} as const;

const COMMAND = {
  command: "npm run tbtc:world --",
  summary: "A node with the real tBTC v1: KEEP staking, signers, relay and deposits whose TBTC is minted.",
  flags: FLAGS,
} as const;

async function main({ flags, signal, say }: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  const lotsSat = flags.lots.map((lot) => parseDecimal(lot, BTC_DECIMALS));
  const priceWad = flags.price === undefined ? undefined : parseWad(flags.price);
  // Help and wrong usage need not wait for Hardhat.
  const { network } = await import("hardhat");
  const { JsonRpcProvider } = await import("ethers");
  const { NOBODYS_ADDRESS } = await import("./tbtc/bitcoin.js");
  const { deployRescueBounty } = await import("./tbtc/bounty.js");
  const { LocalChain } = await import("./local/chain.js");
  const { deployTbtc, REFERENCE_BOND_WEI, REFERENCE_LOTS_SAT, REFERENCE_PRICE_WAD } = await import("./tbtc/deploy.js");
  const { TbtcScenario } = await import("./tbtc/scenario.js");

  const server = await network.createServer("sim138", "127.0.0.1", flags.port);
  const { port } = await server.listen();
  const rpc = `http://127.0.0.1:${String(port)}`;
  const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1 });
  let bitcoin: Awaited<ReturnType<typeof startBitcoin>> | undefined;
  try {
    const chain = new LocalChain(provider);
    const [deployer = "", ...others] = await chain.accounts();
    const operators = others.slice(0, OPERATORS);
    const world = await deployTbtc(chain, {
      deployer,
      operators,
      bondWei: REFERENCE_BOND_WEI,
      lotsSat: REFERENCE_LOTS_SAT,
      btcPerEthWad: REFERENCE_PRICE_WAD,
    });
    const rescueBounty = await deployRescueBounty(chain, deployer, world.addresses);
    const addresses = { ...world.addresses, rescueBounty };
    const scenario = new TbtcScenario(chain, world);
    const deposits = [];
    for (const lotSat of lotsSat) deposits.push(await scenario.open({ lotSat }));
    if (priceWad !== undefined) await scenario.setPrice(priceWad);
    if (flags.call) for (const { address } of deposits) await scenario.courtesyCall(address);

    await chain.mine(DEPTH);
    await provider.send("evm_setIntervalMining", [NODE_BLOCK_MS]);

    if (flags.electrum !== undefined) {
      const coins = deposits.map((deposit) => scenario.funding(deposit).transaction);
      bitcoin = await startBitcoin(coins, flags.electrum, flags.block ?? BLOCK_MS);
    }

    const file = join("data", "world", `tbtc-${String(port)}.json`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ addresses }));
    const env = {
      LOCALHOST_RPC_URL: rpc,
      REDEEMER_SYSTEM_FILE: file,
      REDEEMER_LOCAL_ACCOUNT: deployer,
      OPERATORS: operators.join(","),
      BTC_NETWORK: "regtest",
      BTC_WALLET_PUBLIC_KEY: NOBODYS_ADDRESS,
      ...(bitcoin === undefined ? {} : { BTC_ELECTRUM_SERVERS: bitcoin.url }),
    };

    say(`rpc       ${rpc}`);
    if (bitcoin !== undefined) say(`electrum  ${bitcoin.url} of regtest`);
    for (const [name, address] of Object.entries(addresses)) say(`${name.padEnd(17)} ${address}`);
    say(`deployer  ${deployer}: has the TBTC of every deposit`);
    for (const operator of operators) say(`operator  ${operator}`);
    for (const { address, keep, lotSat } of deposits) say(`deposit   ${address} keep ${keep} ${String(lotSat)} sat`);
    for (const [name, value] of Object.entries(env)) say(`export ${name}=${value}`);
    say("Ctrl-C ends it");
    await untilEnd(signal, flags.for);
    return {
      ok: true,
      report: {
        rpc,
        ...(bitcoin === undefined ? {} : { electrum: bitcoin.url }),
        addresses,
        deployer,
        operators,
        deposits: deposits.map(({ address, keep, lotSat }) => ({ address, keep, lotSat })),
        env,
      },
    };
  } finally {
    await bitcoin?.close();
    provider.destroy();
    await server.close();
  }
}

/** A Bitcoin chain with these coins, deep enough, that goes on by itself. */
async function startBitcoin(coins: readonly BitcoinTransaction[], port: number, blockMs: number) {
  const { LocalBitcoin } = await import("./tbtc/electrum/chain.js");
  const { ElectrumServer } = await import("./tbtc/electrum/server.js");
  const { rawTransaction } = await import("./tbtc/bitcoin.js");
  const chain = new LocalBitcoin();
  chain.mine(FUNDING_DEPTH, { place: coins.map(rawTransaction) });
  const started = await ElectrumServer.start(chain, { transport: "tcp" }, port);
  const mining = setInterval(() => {
    chain.mine();
  }, blockMs);
  return {
    url: started.url,
    close(): Promise<void> {
      clearInterval(mining);
      return started.close();
    },
  };
}

await runCommand(COMMAND, main);
