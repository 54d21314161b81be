import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";

import { program } from "../../../../keepers/courtesy-call-redeemer/main.js";
import type { ProgramContext } from "../../../../keepers/kit/program.js";
import { usePostgres, type TestDatabase } from "../../../helpers/postgres.js";
import { startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";
import { WAD } from "../fixtures.js";
import { openMarket, type Market } from "./market.js";

/** Of BTC_NETWORK=regtest, P2WPKH. */
const DESTINATION = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const LOT_SAT = 10_000_000n;

describe("supply with ether: the program", function () {
  this.timeout(180_000);
  const postgres = usePostgres();
  let node: TbtcNode;
  let market: Market;
  let database: TestDatabase;
  let folder: string;

  before(async () => {
    node = await startTbtcNode();
    market = await openMarket(node);
    await node.scenario.giveTbtc(node.roles.user, 20n * WAD);
    await market.pool({ address: node.world.addresses.token, decimals: 18 });
    await node.scenario.open({ lotSat: LOT_SAT });
    await node.scenario.giveTbtc(node.roles.redeemer, WAD);
    await node.chain.advance(3_600);
    await market.setEther(WAD);
    database = await postgres.testDatabase();
    folder = mkdtempSync(path.join(tmpdir(), "cantilever-ether-"));
    writeFileSync(path.join(folder, "system.json"), JSON.stringify({ addresses: node.world.addresses }));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    market.close();
    await node.close();
  });

  function context(more: Readonly<Record<string, string>> = {}): ProgramContext & { readonly said: string[] } {
    const said: string[] = [];
    return {
      network: "localhost",
      env: {
        ...{ LOCALHOST_RPC_URL: node.proxy.url, DATABASE_URL: database.url, KEEPER_DATA_FOLDER: folder },
        ...{ KEEPER_LOG_LEVEL: "silent", KEEPER_CONFIRMATIONS: "1", KEEPER_POLL_MS: "20", KEEPER_MAX_FEE_GWEI: "100" },
        OPERATORS: node.roles.operators.join(","),
        REDEEMER_MODE: "courtesy",
        REDEEMER_SYSTEM_FILE: path.join(folder, "system.json"),
        REDEEMER_LOCAL_ACCOUNT: node.roles.redeemer,
        ...{ BTC_NETWORK: "regtest", BTC_WALLET_PUBLIC_KEY: DESTINATION },
        ...{ REDEEMER_SWAP_TARGET_ETH: "3", REDEEMER_SWAP_FLOOR_ETH: "2", REDEEMER_SWAP_LEAST_RATE: "20" },
        ...{ REDEEMER_SWAP_MAX: "0.5", REDEEMER_SWAP_PER_DAY: "1", REDEEMER_SWAP_FILE: market.file },
        ...more,
      },
      signal: new AbortController().signal,
      say: (line) => void said.push(line),
      said,
    };
  }

  it("ETHSUPPLY-19 buys ether over several starts of the program, once; doctor names the pool, and the policy its limits", async () => {
    const once = async (execute: boolean) => program.run({ ...context(), execute, once: true, terminal: false });
    const dry = await once(false);
    expect(dry.report).to.deep.include({ sent: {}, planned: {} });
    expect(await database.database.query("select 1 from keeper_swap")).to.deep.equal([]);
    const sent: unknown[] = [];
    for (let start = 0; start < 4; start += 1) {
      const { ok, report } = await once(true);
      expect(ok).to.equal(true);
      sent.push(report["sent"], report["swaps"]);
      await node.mine(3);
    }
    expect(sent).to.deep.equal([
      ...[{ "Token.approve": 1 }, {}],
      ...[{ "SwapRouter.multicall": 1 }, {}],
      ...[{}, { swapped: 1 }],
      ...[{}, {}],
    ]);
    expect(await market.etherOf()).to.satisfy((wei: bigint) => wei > (29n * WAD) / 10n && wei < (31n * WAD) / 10n);
    expect(await market.soldInto(node.world.addresses.token)).to.have.length(1);

    const { report } = await program.doctor(context());
    const checks = report["checks"] as readonly { readonly name: string; readonly ok: boolean }[];
    expect(checks.find(({ name }) => name === "ether")?.ok).to.equal(true);
    const none = await program.doctor(context({ REDEEMER_SWAP_POOL_FEE: "500" }));
    const refused = none.report["checks"] as typeof checks;
    expect(refused.filter(({ ok }) => !ok).map(({ name }) => name)).to.include("system");
    const { report: policy } = await program.policy(context());
    const rules = policy["rules"] as readonly { readonly name: string }[];
    expect(rules.map(({ name }) => name)).to.include("SwapRouter.multicall");
    expect(policy["worstCaseLossPerDay"]).to.have.property("TBTC for ether");
  });
});
