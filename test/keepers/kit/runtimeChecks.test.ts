import { expect } from "chai";

import type { Database } from "../../../db/database.js";
import { assertSchema } from "../../../db/migrate.js";
import { killSigner } from "../../../db/queries/outbox/signer.js";
import type { ChainConnection } from "../../../keepers/kit/chain.js";
import { Control } from "../../../keepers/kit/control/control.js";
import { runChecks, type Check } from "../../../keepers/kit/doctor.js";
import { runtimeChecks } from "../../../keepers/kit/runtimeChecks.js";
import { ModelChain } from "../../helpers/modelChain.js";
import { intentOf, openOutbox, OUTBOX_SIGNER } from "../../helpers/outboxParts.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";

describe("keepers/kit/runtimeChecks", () => {
  const postgres = usePostgres();
  let test: TestDatabase;
  let db: Database;
  let chain: ModelChain;
  let local = true;

  beforeEach(async () => {
    test = await postgres.testDatabase();
    db = test.connect({ role: "keeper_rw" });
    chain = new ModelChain();
    local = true;
  });

  /** Doctor's answers about the runtime of the outbox of the test helpers. */
  async function answers(): Promise<Readonly<Record<string, Check>>> {
    const client = {
      chainId: 138,
      head: () => Promise.resolve(chain.head),
      request: (method: string, params: readonly unknown[]) =>
        method === "eth_getBalance" ? Promise.resolve("0x100000") : chain.request(method, params),
    };
    const connection = {
      client,
      config: { network: { name: "localhost", local } },
      signer: () => Promise.resolve({ address: OUTBOX_SIGNER }),
    } as unknown as ChainConnection;
    const open = async () => {
      await assertSchema(test.database);
      return { database: db, shown: "the test's", close: () => Promise.resolve() };
    };
    const { plans } = runtimeChecks({ connection, keeper: "role", env: {}, open });
    const passed = ["key", "chain-id"].map((name) => ({
      ...{ name, expected: "", fix: "", look: () => Promise.resolve({ ok: true, found: "" }) },
    }));
    const checks = await runChecks([...passed, ...plans]);
    return Object.fromEntries(checks.map((check) => [check.name, check]));
  }
  const failed = async () =>
    Object.values(await answers())
      .filter(({ ok }) => !ok)
      .map(({ name }) => name);

  it("has nothing to say against a new database, and has stable names", async () => {
    expect(await failed()).to.deep.equal([]);
    expect(Object.keys(await answers()).slice(2)).to.deep.equal([
      "database",
      "schema",
      "durability",
      "database-clock",
      "control",
      "lease",
      "in-flight",
      "nonce",
      "gas-runway",
      "indexer",
    ]);
    expect((await answers())["database"]?.found).to.match(/^the test's: answers/);
    expect((await answers())["indexer"]?.found).to.equal("this chain is not indexed here");
  });

  it("names a schema that is too new or too old, and makes no check that needs it", async () => {
    await test.database.query("INSERT INTO schema_migration (name, checksum) VALUES ('9999_later', 'x')");
    const tooNew = await answers();
    expect(tooNew["database"]?.ok).to.equal(true);
    expect(tooNew["schema"]?.found).to.match(/^SCHEMA_TOO_NEW/);
    expect(tooNew["control"]?.ok).to.equal(false);
    await test.database.query("DELETE FROM schema_migration WHERE name >= '0110'");
    expect((await answers())["schema"]?.found).to.match(/^SCHEMA_TOO_OLD/);
  });

  it("refuses a server that may lose commits where the chain is not local", async () => {
    local = false;
    expect(await failed()).to.deep.equal(["durability"]);
  });

  it("tells leader, what is in flight and for how long, and what an operator ordered", async () => {
    const { outbox, lease } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a"), chain.head);
    await new Control(db, "role", "localhost", "me@here").order({ state: "pause", reason: "x", cause: "operator" });
    const found = await answers();
    expect(found["in-flight"]?.found).to.equal("1, the oldest 0 blocks old");
    expect(found["nonce"]).to.deep.include({ ok: true, found: "chain 0, issued 1" });
    expect(found["control"]).to.deep.include({ ok: false, found: "pause: x (me@here, operator)" });
    await db.query("UPDATE keeper_lease SET name = $1", [`role:138:${OUTBOX_SIGNER.toLowerCase()}`]);
    expect((await answers())["lease"]?.found).to.include(`${lease.owner}, fence 1, `);
    chain.forget();
    for (let block = 0; block < 101; block += 1) chain.mine();
    expect(await failed()).to.deep.equal(["control", "in-flight"]);
  });

  it("sees holes in the nonces, nonces that are not ours, and a killed account", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a"), chain.head);
    await db.query("UPDATE keeper_signer SET next_nonce = 3");
    expect((await answers())["nonce"]).to.deep.include({ ok: false, found: "chain 0, issued 3; holes at 1, 2" });
    await db.query("UPDATE keeper_signer SET next_nonce = 0");
    chain.mine();
    expect((await answers())["nonce"]).to.deep.include({ ok: false, found: "chain 1, issued 0" });
    await db.query("UPDATE keeper_signer SET next_nonce = 1");
    expect(await failed()).to.deep.equal([]);
    await killSigner(db, "138", OUTBOX_SIGNER, "stolen");
    expect(await failed()).to.deep.equal(["nonce"]);
  });

  it("says how far an index of the same database is behind", async () => {
    await test.database.query("INSERT INTO chain_checkpoint (chain_id, next_block) VALUES ('138', 1), ('1', 0)");
    for (let block = 0; block < 100; block += 1) chain.mine();
    expect((await answers())["indexer"]).to.deep.include({ ok: true, found: "100 blocks behind, next is block 1" });
    chain.mine();
    expect(await failed()).to.deep.equal(["indexer"]);
  });

  it("counts how long the gas lasts at the rate of the last day", async () => {
    const book = async (gas: bigint) => {
      const [entry] = await db.query<{ id: bigint }>(
        `INSERT INTO keeper_pnl_entry (chain_id, role, signer, outbox_id, effect_key, tx_hash, block_number, block_hash, outcome, generation)
         VALUES ('138', 'role', 'x', 1, 'a', $1, 1, 'b', 'final', 0) RETURNING id`,
        [String(gas)],
      );
      await db.query(
        `INSERT INTO keeper_pnl_posting (entry_id, line, account, asset, amount)
         VALUES ($1, 0, 'own:wallet', 'native', -$2::numeric), ($1, 1, 'cost:gas', 'native', $2)`,
        [entry?.id ?? 0n, gas],
      );
    };
    await book(0x100000n);
    expect((await answers())["gas-runway"]).to.deep.include({ ok: true, found: "24 h at 1048576 wei in 24 h" });
    await book(1n);
    expect(await failed()).to.deep.equal(["gas-runway"]);
  });
});
