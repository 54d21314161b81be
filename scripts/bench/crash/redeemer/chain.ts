/** The real tBTC v1 with many small deposits that may be called, on a node that makes blocks at a steady pace. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { JsonRpcProvider } from "ethers";
import { network } from "hardhat";

import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import { LocalChain } from "../../../local/chain.js";
import {
  CALLABLE_PRICE_WAD,
  deployTbtc,
  REFERENCE_BOND_WEI,
  REFERENCE_LOTS_SAT,
  REFERENCE_PRICE_WAD,
} from "../../../tbtc/deploy.js";
import { TbtcScenario, type Deposit } from "../../../tbtc/scenario.js";

export interface RedeemerChain {
  readonly url: string;
  /** Of the keeper's data and of the file with the addresses. */
  readonly folder: string;
  readonly systemFile: string;
  /** The keeper's. */
  readonly account: string;
  readonly operators: readonly string[];
  readonly scenario: TbtcScenario;
  /** In the order in which they are called. */
  readonly deposits: readonly Deposit[];
  /** Calls the courtesy of them, one after the other: a block may come in between. */
  call(deposits: readonly Deposit[]): Promise<void>;
  close(): Promise<void>;
}

const CHAIN_ID = 138;
const OPERATORS = 4;
const LOT_SAT = 1_000_000n;
const CALL_GAS = "0x3d090";

export async function startRedeemerChain(count: number, blockMs: number): Promise<RedeemerChain> {
  const server = await network.createServer("sim138", "127.0.0.1", 0);
  const url = `http://127.0.0.1:${String((await server.listen()).port)}`;
  const provider = new JsonRpcProvider(url, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1, batchStallTime: 0 });
  const folder = mkdtempSync(join(tmpdir(), "cantilever-crash-redeemer-"));
  const close = async (): Promise<void> => {
    provider.destroy();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const chain = new LocalChain(provider);
    const [deployer = "", ...others] = await chain.accounts();
    const operators = others.splice(0, OPERATORS);
    const [account = ""] = others;
    const world = await deployTbtc(chain, {
      ...{ deployer, operators, bondWei: REFERENCE_BOND_WEI },
      ...{ lotsSat: REFERENCE_LOTS_SAT, btcPerEthWad: REFERENCE_PRICE_WAD },
    });
    const scenario = new TbtcScenario(chain, world);
    const deposits: Deposit[] = [];
    for (let index = 0; index < count; index += 1) deposits.push(await scenario.open({ lotSat: LOT_SAT }));
    await scenario.giveTbtc(account, BigInt(count) * satToTbtcWei(LOT_SAT));
    await scenario.setPrice(CALLABLE_PRICE_WAD);
    const systemFile = join(folder, "system.json");
    writeFileSync(systemFile, JSON.stringify({ addresses: world.addresses }));
    await provider.send("evm_setAutomine", [false]);
    await provider.send("evm_setIntervalMining", [blockMs]);
    const { selector } = tbtcAbi.deposit.getFunction("notifyCourtesyCall");
    return {
      ...{ url, folder, systemFile, account, operators, scenario, deposits, close },
      async call(called) {
        for (const { address: to } of called)
          await provider.send("eth_sendTransaction", [{ from: deployer, to, data: selector, gas: CALL_GAS }]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
