import { expect } from "chai";

import type { Database } from "../../../../db/database.js";
import { accountBalances } from "../../../../db/queries/pnl/balances.js";
import { insertEntry } from "../../../../db/queries/pnl/insert.js";
import { realisedResult } from "../../../../db/queries/pnl/result.js";
import { AutomaticControl } from "../../../../keepers/kit/control/automatic.js";
import { lossCondition } from "../../../../keepers/kit/control/condition.js";
import { Control } from "../../../../keepers/kit/control/control.js";
import { pnlCommand } from "../../../../keepers/kit/pnl/command.js";
import { Ledger, type UnprofitableAction } from "../../../../keepers/kit/pnl/ledger.js";
import { accountNames } from "../../../../keepers/kit/pnl/postings.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { ModelChain } from "../../../helpers/modelChain.js";
import { CONFIRMATIONS, intentOf, openOutbox, OUTBOX_SIGNER } from "../../../helpers/outboxParts.js";
import { usePostgres, type TestDatabase } from "../../../helpers/postgres.js";
import { codeOf } from "../../../helpers/rejection.js";
import { transferLog } from "../../../helpers/transferLog.js";

const TOKEN = "0x00000000000000000000000000000000000000a1";
const STRANGER = "0x00000000000000000000000000000000000000b1";
/** Gas of a transaction of the model: 21,000 at 1 wei. */
const GAS_WEI = 21_000n;

describe("keepers/kit/pnl/ledger", () => {
  const postgres = usePostgres();
  let test: TestDatabase;
  let db: Database;
  let chain: ModelChain;
  let losses: UnprofitableAction[];
  let ledger: Ledger;

  beforeEach(async () => {
    test = await postgres.testDatabase();
    db = test.connect({ role: "keeper_rw" });
    chain = new ModelChain();
    losses = [];
    // The effect "loss" pays 100 away, every other one earns 100,000.
    chain.logsOf = ({ data }) =>
      data === "0x"
        ? []
        : [
            data === intentOf("loss").data
              ? transferLog({ token: TOKEN, from: OUTBOX_SIGNER, to: STRANGER, amount: 100n })
              : transferLog({ token: TOKEN, from: STRANGER, to: OUTBOX_SIGNER, amount: 100_000n }),
          ];
    ledger = new Ledger({
      chainId: "138",
      role: "role",
      signer: OUTBOX_SIGNER,
      names: accountNames({}),
      valueXauWei: (_asset, amount) => amount,
      onUnprofitable: (loss) => losses.push(loss),
    });
  });

  const open = () => openOutbox(db, chain, { onEnded: ledger.onEnded, onUnwound: ledger.onUnwound });
  const result = () => realisedResult(db, "role", "138", 24);
  const settle = async (outbox: { upkeep: (head: ModelChain["head"]) => Promise<unknown> }) => {
    for (let block = 0; block <= CONFIRMATIONS + 1; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
  };

  it("books what was settled, and tells what cost more than it brought", async () => {
    const { outbox } = await open();
    await outbox.submit(intentOf("a"), chain.head);
    await outbox.submit(intentOf("loss"), chain.head);
    await settle(outbox);
    const expected = 100_000n - 100n - 2n * GAS_WEI;
    expect(await result()).to.deep.equal({ resultXauWei: expected, entries: 2n, reversals: 0n, unpriced: 0n });
    expect(losses.map(({ key, resultXauWei }) => [key, resultXauWei])).to.deep.equal([["loss", -100n - GAS_WEI]]);
    const { report } = await pnlCommand(db, {
      ...{ role: "role", network: "localhost", chainId: "138", hours: 24, say: () => undefined },
    });
    expect(report).to.deep.include({
      entries: 2,
      reversals: 0,
      unpriced: 0,
      resultXauWei: expected,
      ownUnits: { [TOKEN]: 99_900n, native: -2n * GAS_WEI },
    });
  });

  it("PNL-2: a row that a deep reorganisation settles twice is booked once", async () => {
    const { outbox } = await open();
    await outbox.submit(intentOf("a"), chain.head);
    await settle(outbox);
    const once = await accountBalances(db, "role", "138", 24);
    expect(once).to.have.length(4);
    // Deeper than the confirmations: the settled transaction is gone, and comes back in another block. Another process finds out.
    chain.reorg(CONFIRMATIONS + 2);
    await db.query("UPDATE keeper_lease SET expires_at = clock_timestamp() - INTERVAL '1 second'");
    const second = await open();
    await second.outbox.upkeep(chain.head);
    expect(await accountBalances(db, "role", "138", 24)).to.deep.equal([]);
    expect(await result()).to.deep.include({ entries: 1n, reversals: 1n, resultXauWei: 0n });
    await settle(second.outbox);
    expect(await accountBalances(db, "role", "138", 24)).to.deep.equal(once);
    expect(await result()).to.deep.include({ entries: 2n, reversals: 1n, resultXauWei: 100_000n - GAS_WEI });
    expect(chain.executed).to.deep.equal([intentOf("a").data]);
  });

  it("PNL-2: settling the same row again in the same block changes nothing", async () => {
    const row = { ...intentOf("a") };
    const entry = { id: 1n, intent: row } as unknown as Parameters<typeof ledger.onEnded>[1];
    const at = { hash: "0x01", block: 5, blockHash: "0x02" };
    const receipt = { ok: true, block: 5, blockHash: "0x02", gasUsed: 1, gasPriceWei: 1n, logs: [] };
    for (let time = 0; time < 3; time += 1) {
      await db.transaction((tx) => ledger.onEnded(tx, entry, "final", at, receipt));
    }
    expect(await result()).to.deep.include({ entries: 1n, reversals: 0n });
    for (let time = 0; time < 2; time += 1) await db.transaction((tx) => ledger.onUnwound(tx, entry));
    expect(await result()).to.deep.include({ entries: 1n, reversals: 1n, resultXauWei: 0n });
    await db.transaction((tx) => ledger.onEnded(tx, entry, "final", at, receipt));
    expect(await result()).to.deep.include({ entries: 2n, reversals: 1n });
  });

  it("PNL-3: the database takes no entry that does not balance, and lets nobody change one", async () => {
    const entry = {
      ...{ chainId: "138", role: "role", signer: OUTBOX_SIGNER, outboxId: 1n, effectKey: "a", txHash: "0x0a" },
      ...{ block: 5n, blockHash: "0x02", outcome: "final" as const, resultXauWei: null },
    };
    const line = { asset: TOKEN, logIndex: 0 };
    const lines = [
      { ...line, account: "own:wallet", amount: 5n },
      { ...line, account: "out:x", amount: -4n },
    ];
    expect(await codeOf(db.transaction((tx) => insertEntry(tx, entry, lines)))).to.equal("DB_CHECK");
    expect(await result()).to.deep.include({ entries: 0n });
    for (const sql of ["UPDATE keeper_pnl_posting SET amount = 1", "DELETE FROM keeper_pnl_entry"]) {
      expect(await codeOf(db.query(sql))).to.equal("DB_REFUSED");
      expect(await codeOf(test.database.query(sql))).to.equal("DB_CHECK");
    }
  });

  it("CTRL-6: a realised loss over the limit kills, one at the limit does not", async () => {
    const { outbox } = await open();
    await outbox.submit(intentOf("loss"), chain.head);
    await settle(outbox);
    const control = new Control(db, "role", "localhost", "process");
    const lost = 100n + GAS_WEI;
    const book = { role: "role", chainIds: ["651940", "138"] };
    for (const [limit, state] of [
      [lost, "run"],
      [lost - 1n, "kill"],
    ] as const) {
      const conditions = [lossCondition(db, book, limit)];
      await new AutomaticControl(control, { conditions, goodBlocks: 1 }, capturedLog().log).look(true);
      expect((await control.read()).state).to.equal(state);
    }
  });
});
