/** `npm run tbtc:world`: a node on this machine with the whole of tBTC v1 on it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { formatUnits } from "ethers";

import { parseWad, parseDecimal } from "../protocol/units.js";
import type { BitcoinTransaction } from "./tbtc/bitcoin.js";
import type { Deposit, TbtcScenario } from "./tbtc/scenario.js";
import { runCommand, usageError, type CommandContext, type CommandResult } from "./cli.js";
import { untilEnd } from "./untilEnd.js";

/** Satoshis are the eighth digit. */
const BTC_DECIMALS = 8;
/** Accounts of the node: the first deploys and funds, the next four are the signers. */
const OPERATORS = 4;
/** What all bounties may come to: no operator has less once he has bonded. */
const MOST_BOUNTIES_WEI = 5_000n * 10n ** 18n;
/** BTC per ETH, 1e18 = one: deposits of the reference price can be called below it. */
const CALL_BELOW_WAD = 2_667n * 10n ** 13n;
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
  bounty: { kind: "string", placeholder: "ETH", help: "what an operator promises for the rescue of each deposit" },
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

/** What the deposits of a world are. */
interface Plan {
  readonly lotsSat: readonly bigint[];
  /** BTC per ETH, 1e18 = one. */
  readonly priceWad: bigint | undefined;
  readonly isCalled: boolean;
  /** For each deposit. */
  readonly bountyWei: bigint | undefined;
}

/** @throws UsageError for flags that no world can be made of. */
function planOf(flags: CommandContext<typeof FLAGS>["flags"], knownSat: readonly bigint[]): Plan {
  const lotsSat = flags.lots.map((lot) => parseDecimal(lot, BTC_DECIMALS));
  const priceWad = flags.price === undefined ? undefined : parseWad(flags.price);
  const bountyWei = flags.bounty === undefined ? undefined : parseWad(flags.bounty);
  const unknown = flags.lots.find((_, index) => !knownSat.includes(lotsSat[index] ?? 0n));
  if (unknown !== undefined) {
    const known = knownSat.map((lotSat) => formatUnits(lotSat, BTC_DECIMALS)).join(", ");
    throw usageError("INVALID_VALUE", `--lots ${unknown}: tBTC has lots of ${known} BTC`);
  }
  if (flags.call && (priceWad === undefined || priceWad >= CALL_BELOW_WAD)) {
    throw usageError(
      "CONFLICTING_FLAGS",
      "--call needs a --price below 0.02667: deposits with more collateral cannot be called",
    );
  }
  if (bountyWei !== undefined && (bountyWei === 0n || bountyWei * BigInt(lotsSat.length) > MOST_BOUNTIES_WEI)) {
    throw usageError(
      "INVALID_VALUE",
      `--bounty ${flags.bounty ?? ""}: expected more than 0, and 5000 ETH for all deposits at most`,
    );
  }
  if (flags.block !== undefined && flags.electrum === undefined) {
    throw usageError("CONFLICTING_FLAGS", "--block belongs to the chain of --electrum");
  }
  return { lotsSat, priceWad, isCalled: flags.call, bountyWei };
}

async function main({ flags, signal, say }: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  const { deployTbtc, REFERENCE_BOND_WEI, REFERENCE_LOTS_SAT, REFERENCE_PRICE_WAD } = await import("./tbtc/deploy.js");
  const plan = planOf(flags, REFERENCE_LOTS_SAT);
  // Help and wrong usage need not wait for Hardhat.
  const { network } = await import("hardhat");
  const { JsonRpcProvider } = await import("ethers");
  const { asTbtcRevert } = await import("../protocol/tbtc/reverts.js");
  const { LocalChain } = await import("./local/chain.js");
  const { NOBODYS_ADDRESS } = await import("./tbtc/bitcoin.js");
  const { deployRescueBounty } = await import("./tbtc/bounty.js");
  const { TbtcScenario: Scenario } = await import("./tbtc/scenario.js");

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
    const scenario = new Scenario(chain, world);
    const opened = await openAll(scenario, rescueBounty, plan).catch((error: unknown) => {
      throw asTbtcRevert(error, "making the deposits");
    });

    await chain.mine(DEPTH);
    await provider.send("evm_setIntervalMining", [NODE_BLOCK_MS]);

    if (flags.electrum !== undefined) {
      const coins = opened.map((deposit) => scenario.funding(deposit).transaction);
      bitcoin = await startBitcoin(coins, flags.electrum, flags.block ?? BLOCK_MS);
    }

    const file = join("data", "world", `tbtc-${String(port)}.json`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ addresses }));
    const env = {
      LOCALHOST_RPC_URL: rpc,
      REDEEMER_SYSTEM_FILE: file,
      REDEEMER_LOCAL_ACCOUNT: deployer,
      REDEEMER_BOUNTY_ESCROW: rescueBounty,
      OPERATORS: operators.join(","),
      BTC_NETWORK: "regtest",
      BTC_WALLET_PUBLIC_KEY: NOBODYS_ADDRESS,
      ...(bitcoin === undefined ? {} : { BTC_ELECTRUM_SERVERS: bitcoin.url }),
    };
    const deposits = opened.map(({ address, keep, lotSat }) => ({ address, keep, lotSat }));

    say(`rpc       ${rpc}`);
    if (bitcoin !== undefined) say(`electrum  ${bitcoin.url} of regtest`);
    for (const [name, address] of Object.entries(addresses)) say(`${name.padEnd(17)} ${address}`);
    say(`deployer  ${deployer}: has the TBTC of every deposit, less what its signers keep`);
    for (const operator of operators) say(`operator  ${operator}`);
    for (const { address, keep, lotSat } of deposits) say(`deposit   ${address} keep ${keep} ${String(lotSat)} sat`);
    if (flags.bounty !== undefined) say(`bounty    ${flags.bounty} ETH for each deposit, by one of its operators`);
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
        deposits,
        ...(plan.bountyWei === undefined ? {} : { bountyWei: plan.bountyWei }),
        env,
      },
    };
  } finally {
    await bitcoin?.close();
    provider.destroy();
    await server.close();
  }
}

async function openAll(
  scenario: TbtcScenario,
  escrow: string,
  { lotsSat, priceWad, isCalled, bountyWei }: Plan,
): Promise<readonly Deposit[]> {
  const { encodePledge } = await import("../protocol/tbtc/bounty.js");
  const deposits = [];
  for (const lotSat of lotsSat) deposits.push(await scenario.open({ lotSat }));
  if (bountyWei !== undefined) {
    for (const { address: deposit, members } of deposits) {
      const [operator = ""] = members;
      await scenario.send(operator, escrow, encodePledge([{ deposit, bountyWei }]), bountyWei);
    }
  }
  if (priceWad !== undefined) await scenario.setPrice(priceWad);
  if (isCalled) for (const { address } of deposits) await scenario.courtesyCall(address);
  return deposits;
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
