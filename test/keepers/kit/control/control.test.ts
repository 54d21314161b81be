import { expect } from "chai";

import type { Database } from "../../../../db/database.js";
import { controlHistory } from "../../../../db/queries/control/history.js";
import type { ControlState } from "../../../../db/queries/control/rows.js";
import { setControl } from "../../../../db/queries/control/set.js";
import { killSigner, readSigner } from "../../../../db/queries/outbox/signer.js";
import { verifyAudit } from "../../../../keepers/kit/audit/verify.js";
import { Control } from "../../../../keepers/kit/control/control.js";
import { carryOut } from "../../../../keepers/kit/control/operator.js";
import { ControlWatch } from "../../../../keepers/kit/control/watch.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { FailingDatabase } from "../../../helpers/failingDatabase.js";
import { ModelChain } from "../../../helpers/modelChain.js";
import { intentOf, openOutbox, OUTBOX_SIGNER, REPLACE_AFTER_BLOCKS } from "../../../helpers/outboxParts.js";
import { usePostgres, type TestDatabase } from "../../../helpers/postgres.js";
import { codeOf } from "../../../helpers/rejection.js";

describe("keepers/kit/control", () => {
  const postgres = usePostgres();
  let test: TestDatabase;
  let db: Database;
  let chain: ModelChain;
  let control: Control;

  beforeEach(async () => {
    test = await postgres.testDatabase();
    db = test.connect({ role: "keeper_rw" });
    chain = new ModelChain();
    control = new Control(db, "role", "localhost", "test@here");
  });

  const order = (state: ControlState, reason = "the test says so") =>
    control.order({ state, reason, cause: "operator" });
  const attempts = async () =>
    Number((await db.query<{ count: bigint }>("SELECT count(*) FROM keeper_attempt"))[0]?.count ?? 0n);

  /** An effect whose bytes every node forgets, so that they must be replaced. */
  async function stuck() {
    const { outbox } = await openOutbox(db, chain, { stop: control.stop });
    await outbox.submit(intentOf("a"), chain.head);
    chain.forget();
    for (let block = 0; block <= REPLACE_AFTER_BLOCKS; block += 1) chain.mine();
    return outbox;
  }

  async function takesNothingNew(state: "pause" | "drain"): Promise<void> {
    const outbox = await stuck();
    await order(state);
    expect(await outbox.submit(intentOf("b"), chain.head)).to.deep.equal({ accepted: false, refusal: "paused" });
    expect(await attempts()).to.equal(1);
    await outbox.upkeep(chain.head);
    expect(await attempts()).to.equal(2);
    chain.mine();
    expect((await outbox.upkeep(chain.head)).map(({ kind }) => kind)).to.deep.equal(["mined"]);
    await order("run");
    expect((await outbox.submit(intentOf("b"), chain.head)).accepted).to.equal(true);
  }

  it("CTRL-1: a paused keeper takes nothing new and goes on with what is in flight", () => takesNothingNew("pause"));
  it("CTRL-1: a drained keeper takes nothing new and goes on with what is in flight", () => takesNothingNew("drain"));

  it("CTRL-2: kill makes no new bytes and replaces none", async () => {
    const outbox = await stuck();
    await order("kill");
    expect(await outbox.submit(intentOf("b"), chain.head)).to.deep.equal({ accepted: false, refusal: "paused" });
    await outbox.upkeep(chain.head);
    expect(await attempts()).to.equal(1);
    chain.mine();
    expect((await outbox.upkeep(chain.head)).map(({ kind }) => kind)).to.deep.equal(["mined"]);
  });

  it("CTRL-2: a kill waits for a signature that is being made, and none comes after its answer", async () => {
    const events: string[] = [];
    let killed: Promise<unknown> = Promise.resolve();
    const { outbox } = await openOutbox(db, chain, {
      stop: control.stop,
      at: async (point) => {
        if (point !== "submit.before-commit") return;
        killed = order("kill").then(() => events.push("killed"));
        // The kill is waiting for our lock once PostgreSQL says so.
        for (let waiting = 0n; waiting === 0n;) {
          const [row] = await test.database.query<{ count: bigint }>(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
          );
          waiting = row?.count ?? 0n;
        }
        events.push("signed");
      },
    });
    expect((await outbox.submit(intentOf("a"), chain.head)).accepted).to.equal(true);
    await killed;
    expect(events).to.deep.equal(["signed", "killed"]);
    expect(await outbox.submit(intentOf("b"), chain.head)).to.deep.equal({ accepted: false, refusal: "paused" });
  });

  it("CTRL-3: only an operator with a reason ends a kill", async () => {
    await order("kill");
    for (const state of ["run", "pause", "drain"] as const) {
      const { changed } = await control.order({ state, reason: "automatic", cause: "automatic" });
      expect(changed).to.equal(false);
      // Not even by a program that forgets the rule.
      const row = { state, reason: "x", actor: "y", cause: "automatic" } as const;
      expect(await codeOf(setControl(db, "role", "localhost", row))).to.equal("DB_CHECK");
    }
    expect(await codeOf(order("run", "  "))).to.equal("CONTROL_REASON");
    expect((await control.read()).state).to.equal("kill");
    await order("run", "key rotated");
    expect(await control.read()).to.deep.include({ state: "run", reason: "key rotated", actor: "test@here" });
  });

  it("CTRL-4: every change stands in the history and in the audit log, or nowhere", async () => {
    for (const state of ["pause", "run", "drain", "kill", "run"] as const) await order(state, `to ${state}`);
    const failing = new Control(db, "role", "localhost", "test@here");
    const fails = failing.order({ state: "pause", reason: "half", cause: "operator" }, () =>
      db.query("SELECT 1/0").then(() => undefined),
    );
    expect(await codeOf(fails)).to.equal("DB_REFUSED");
    const history = await controlHistory(db, "role", "localhost", 10);
    expect(history.map(({ before, state }) => `${before ?? "-"}>${state}`).reverse()).to.deep.equal([
      "->run",
      "run>pause",
      "pause>run",
      "run>drain",
      "drain>kill",
      "kill>run",
    ]);
    const bodies: unknown[] = [];
    await verifyAudit(db, "role:localhost", ({ body }) => bodies.push(JSON.parse(body)));
    expect(bodies.map((body) => (body as { reason: string }).reason)).to.deep.equal(
      ["pause", "run", "drain", "kill", "run"].map((state) => `to ${state}`),
    );
    for (const sql of ["UPDATE keeper_control_change SET reason = ''", "DELETE FROM keeper_control_change"]) {
      expect(await codeOf(db.query(sql))).to.equal("DB_REFUSED");
      expect(await codeOf(test.database.query(sql))).to.equal("DB_CHECK");
    }
  });

  it("leaves a drained process only when nothing is in flight, and decides nothing while nobody answers", async () => {
    const failing = new FailingDatabase(db);
    const { log, names } = capturedLog();
    const watch = new ControlWatch(new Control(failing, "role", "localhost", "test"), log);
    expect(await watch.look(0)).to.equal("work");
    failing.mode = "gone";
    expect([await watch.look(1), await watch.look(1), watch.known]).to.deep.equal(["upkeep", "upkeep", false]);
    failing.mode = "well";
    await order("drain");
    expect([await watch.look(2), await watch.look(0)]).to.deep.equal(["upkeep", "leave"]);
    await order("pause");
    expect(await watch.look(0)).to.equal("upkeep");
    expect(names()).to.deep.equal(["control", "control.unknown", "control", "control"]);
  });

  it("revives a killed signer at the chain's nonce only where an operator names it", async () => {
    const { outbox } = await openOutbox(db, chain, { stop: control.stop });
    await outbox.submit(intentOf("a"), chain.head);
    await killSigner(db, "138", OUTBOX_SIGNER, "foreign nonce");
    const said: string[] = [];
    const given = { role: "role", network: "localhost", reason: "key checked", say: (line: string) => said.push(line) };
    await carryOut(db, { ...given, state: "run" });
    expect((await readSigner(db, "138", OUTBOX_SIGNER))?.killedReason).to.equal("foreign nonce");
    const stranger = { address: "0xff", chainId: "138", nextNonce: 7n };
    expect(await codeOf(carryOut(db, { ...given, state: "run", revive: stranger }))).to.equal("SIGNER_UNKNOWN");
    const { report } = await carryOut(db, { ...given, state: "run", revive: { ...stranger, address: OUTBOX_SIGNER } });
    expect(report).to.deep.include({ state: "run", revived: OUTBOX_SIGNER });
    expect(await readSigner(db, "138", OUTBOX_SIGNER)).to.deep.include({ killedReason: null, nextNonce: 7n });
  });
});
