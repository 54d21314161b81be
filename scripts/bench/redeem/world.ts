/**
 * The real tBTC v1 with as many keeps as it had: some of an operator who is looked after, funded and minted, and many of others that were
 * only opened. The two have members of their own: who is not to be chosen takes his bond out of the pool.
 */
import { z } from "zod";

import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import type { TbtcAddresses } from "../../../protocol/tbtc/addresses.js";
import { publishedArtifact } from "../../tbtc/artifacts.js";
import { LocalChain } from "../../local/chain.js";
import { deployTbtc, REFERENCE_LOTS_SAT, REFERENCE_PRICE_WAD } from "../../tbtc/deploy.js";
import { TbtcScenario, type Deposit } from "../../tbtc/scenario.js";
import { sendAll, type CrowdCall } from "./crowd.js";
import type { KeepableNode } from "./node.js";

export interface WorldPlan {
  /** Keeps of the operator who is looked after: funded, and their TBTC minted. */
  readonly watched: number;
  /** Keeps of others: opened, no more. */
  readonly others: number;
}

/** What is to be known of a world beside its state. */
export interface RedeemWorld {
  readonly addresses: TbtcAddresses;
  /** Has the TBTC of every funded deposit. */
  readonly deployer: string;
  /** Member of every funded keep and of no other. */
  readonly operator: string;
  /** Has ether and nothing else. */
  readonly account: string;
  readonly keeps: number;
  readonly deposits: readonly Pick<Deposit, "address" | "lotSat">[];
}

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
export const worldSchema = z.object({
  addresses: z.record(z.string(), address) as unknown as z.ZodType<TbtcAddresses>,
  deployer: address,
  operator: address,
  account: address,
  keeps: z.int(),
  deposits: z.array(z.object({ address, lotSat: z.string().transform(BigInt) })),
});

const MEMBERS = 3;
/** In about the shares in which they were open on Ethereum in 2020, in satoshi. */
const LOTS_SAT = [10, 5, 0.01, 5, 10, 1, 5, 0.01, 10, 5, 1, 10, 0.1, 5, 1, 0.5].map((btc) => BigInt(btc * 1e8));
/** Of each member: for five thousand keeps of these lots. */
const BOND_WEI = 900_000n * 10n ** 18n;
/** Operators may be chosen after so many blocks. */
const POOL_JOIN_BLOCKS = 12;
/** Nothing happens in the newest blocks, as on a chain on which keeps are opened now and then. */
const QUIET_BLOCKS = 64;
const GAS = { create: 1_600_000, key: 230_000, fund: 320_000, mint: 400_000, pool: 900_000 };

const bonding = publishedArtifact("keep-ecdsa/KeepBonding").abi;
const factory = publishedArtifact("keep-ecdsa/BondedECDSAKeepFactory").abi;

export async function makeWorld(
  node: KeepableNode,
  { watched, others }: WorldPlan,
  say: (line: string) => void,
): Promise<RedeemWorld> {
  const chain = new LocalChain(node.provider);
  const [deployer = "", ...rest] = await chain.accounts();
  const own = rest.splice(0, MEMBERS);
  const foreign = rest.splice(0, MEMBERS);
  const [account = ""] = rest;
  const system = await deployTbtc(chain, {
    ...{ deployer, operators: [...own, ...foreign], bondWei: BOND_WEI },
    ...{ lotsSat: REFERENCE_LOTS_SAT, btcPerEthWad: REFERENCE_PRICE_WAD },
  });
  const scenario = new TbtcScenario(chain, system);
  const { addresses } = system;
  await node.mineByHand();
  const run = (what: string, calls: readonly CrowdCall[]): Promise<void> =>
    sendAll(node, calls, progress(say, what, calls.length));
  const pool = new Pool(scenario);

  await run("take the others out of the pool", await pool.leave(foreign));
  const deposits = await open(node, scenario, watched, say);
  // What one account sends stays in its order; what several send in one block does not.
  const keys = deposits.map((deposit) => withGas(scenario.keyCalls(deposit), GAS.key));
  await run(
    "keys",
    keys.flatMap((calls) => calls.slice(0, -1)),
  );
  await run(
    "keys taken over",
    keys.flatMap((calls) => calls.slice(-1)),
  );
  await run(
    "proofs of funding",
    withGas(
      deposits.map((deposit) => scenario.fundCall(deposit)),
      GAS.fund,
    ),
  );
  await run(
    "TBTC",
    deposits.flatMap((deposit) => withGas(scenario.mintCalls(deposit), GAS.mint)),
  );
  await run("put the others into the pool", [...(await pool.leave(own)), ...pool.join(foreign)]);
  await chain.mine(POOL_JOIN_BLOCKS);
  await open(node, scenario, others, say);
  await chain.mine(QUIET_BLOCKS);
  return {
    ...{ addresses, deployer, account, operator: own[0] ?? "", keeps: watched + others },
    deposits: deposits.map(({ address, lotSat }) => ({ address, lotSat })),
  };
}

/** Who may be chosen. */
class Pool {
  constructor(private readonly scenario: TbtcScenario) {}

  /** What no keep holds of the bonds goes back. */
  async leave(operators: readonly string[]): Promise<readonly CrowdCall[]> {
    const { contracts } = this.scenario;
    const { keepBonding: to } = contracts.addresses;
    const free = await Promise.all(operators.map((operator) => contracts.keepBonding.unbondedValue(operator)));
    return operators.flatMap((from, index) => [
      { from, to, data: bonding.encodeFunctionData("withdraw", [free[index] ?? 0n, from]), gas: GAS.pool },
      { from, ...this.update(from) },
    ]);
  }

  join(operators: readonly string[]): readonly CrowdCall[] {
    const { keepBonding, keepFactory, system } = this.scenario.contracts.addresses;
    const register = tbtcAbi.keepFactory.encodeFunctionData("registerMemberCandidate", [system]);
    return operators.flatMap((from) => {
      const data = tbtcAbi.keepBonding.encodeFunctionData("deposit", [from]);
      return [
        { from, to: keepBonding, data, gas: GAS.pool, valueWei: BOND_WEI },
        { from, to: keepFactory, data: register, gas: GAS.pool },
      ];
    });
  }

  private update(operator: string): Omit<CrowdCall, "from"> {
    const { keepFactory: to, system } = this.scenario.contracts.addresses;
    return { to, data: factory.encodeFunctionData("updateOperatorStatus", [operator, system]), gas: GAS.pool };
  }
}

/** Opens so many, and finds them by the logs of their keeps. */
async function open(
  node: KeepableNode,
  { world, contracts }: TbtcScenario,
  count: number,
  say: (line: string) => void,
): Promise<readonly Deposit[]> {
  const { deployer: from } = world.options;
  const { depositFactory: to, keepFactory } = world.addresses;
  const valueWei = await contracts.system.getNewDepositFeeEstimate();
  const first = (await node.provider.getBlockNumber()) + 1;
  const lots = Array.from({ length: count }, (_, index) => LOTS_SAT[index % LOTS_SAT.length] ?? 0n);
  const calls = lots.map((lotSat) => {
    const data = tbtcAbi.depositFactory.encodeFunctionData("createDeposit", [lotSat]);
    return { from, to, data, valueWei, gas: GAS.create };
  });
  await sendAll(node, calls, progress(say, "keeps opened", count));
  const { topicHash } = tbtcAbi.keepFactory.getEvent("BondedECDSAKeepCreated");
  const logs = await node.provider.getLogs({ address: keepFactory, topics: [topicHash], fromBlock: first });
  return logs.map((log, index) => {
    const { args } = tbtcAbi.keepFactory.parseLog(log) ?? {};
    const lotSat = lots[index] ?? 0n;
    const members = [...((args?.["members"] ?? []) as readonly string[])];
    return {
      ...{ address: String(args?.["owner"]), keep: String(args?.["keepAddress"]), members },
      ...{ funder: from, lotSat, utxoSat: lotSat },
    };
  });
}

function withGas(calls: readonly Omit<CrowdCall, "gas">[], gas: number): readonly CrowdCall[] {
  return calls.map((call) => ({ ...call, gas }));
}

/** Says every tenth. */
function progress(say: (line: string) => void, what: string, total: number): (sent: number) => void {
  let told = 0;
  return (sent) => {
    const tenth = Math.floor((10 * sent) / Math.max(1, total));
    if (tenth <= told) return;
    told = tenth;
    say(`world: ${what}, ${String(sent)} of ${String(total)}`);
  };
}
