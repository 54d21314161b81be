import { expect } from "chai";

import type { Database } from "../../../../db/database.js";
import { AutomaticControl } from "../../../../keepers/kit/control/automatic.js";
import {
  gasCondition,
  policyCondition,
  quorumCondition,
  Tripwire,
  type Condition,
  type ConditionAnswer,
} from "../../../../keepers/kit/control/condition.js";
import { Control } from "../../../../keepers/kit/control/control.js";
import { isUnauthorized } from "../../../../keepers/kit/control/unauthorized.js";
import type { FleetState } from "../../../../keepers/kit/providers/fleet.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { usePostgres } from "../../../helpers/postgres.js";

const GOOD_BLOCKS = 3;

describe("keepers/kit/control/automatic", () => {
  const postgres = usePostgres();
  let db: Database;
  let control: Control;

  beforeEach(async () => {
    db = (await postgres.testDatabase()).connect({ role: "keeper_rw" });
    control = new Control(db, "role", "localhost", "process");
  });

  const automatic = (...conditions: Condition[]) =>
    new AutomaticControl(control, { conditions, goodBlocks: GOOD_BLOCKS }, capturedLog().log);
  const state = async () => (await control.read()).state;
  const blocks = async (keeper: AutomaticControl, count: number, leading = true) => {
    for (let block = 0; block < count; block += 1) await keeper.look(leading);
  };

  it("CTRL-5: what was paused automatically runs again only after N good blocks in a row", async () => {
    let answer: ConditionAnswer = { say: "pause", reason: "set" };
    const keeper = automatic({ name: "test", look: () => answer });
    await blocks(keeper, 1);
    expect(await control.read()).to.deep.include({ state: "pause", cause: "automatic", reason: "test: set" });
    answer = { say: "good" };
    await blocks(keeper, GOOD_BLOCKS - 1);
    answer = { say: "pause", reason: "again" };
    await blocks(keeper, 1);
    answer = { say: "good" };
    await blocks(keeper, GOOD_BLOCKS - 1);
    expect(await state()).to.equal("pause");
    await blocks(keeper, 1);
    expect(await state()).to.equal("run");
  });

  it("CTRL-5: what an operator ordered never ends automatically, nor gets worse by a condition", async () => {
    let answer: ConditionAnswer = { say: "good" };
    const keeper = automatic({ name: "test", look: () => answer });
    for (const ordered of ["pause", "drain"] as const) {
      await control.order({ state: ordered, reason: "by hand", cause: "operator" });
      await blocks(keeper, GOOD_BLOCKS * 2);
      answer = { say: "pause", reason: "bad" };
      await blocks(keeper, 1);
      answer = { say: "good" };
      await blocks(keeper, GOOD_BLOCKS * 2);
      expect(await control.read()).to.deep.include({ state: ordered, cause: "operator", reason: "by hand" });
    }
  });

  it("counts a block whose condition is not known as not good, and changes nothing for it", async () => {
    let fails = false;
    let answer: ConditionAnswer = { say: "pause", reason: "set" };
    const keeper = automatic({
      name: "test",
      look: () => (fails ? Promise.reject(new Error("unknown")) : Promise.resolve(answer)),
    });
    await blocks(keeper, 1);
    answer = { say: "good" };
    await blocks(keeper, GOOD_BLOCKS - 1);
    fails = true;
    await blocks(keeper, 5);
    fails = false;
    await blocks(keeper, GOOD_BLOCKS - 1);
    expect(await state()).to.equal("pause");
    await blocks(keeper, 1);
    expect(await state()).to.equal("run");
  });

  it("is the leader's business alone", async () => {
    const keeper = automatic({ name: "test", look: () => ({ say: "kill", reason: "set" }) });
    await blocks(keeper, 3, false);
    expect(await state()).to.equal("run");
    await blocks(keeper, 1);
    expect(await state()).to.equal("kill");
  });

  it("CTRL-6: quorum lost pauses at once and kills after N minutes", async () => {
    let fleet: FleetState = "no-quorum";
    let ms = 0;
    const report = () => ({ state: fleet, reasons: ["too-few-providers"], quorum: 2, providers: [] });
    const keeper = automatic(quorumCondition(report, 60_000, () => ms));
    await blocks(keeper, 1);
    expect(await state()).to.equal("pause");
    ms = 59_000;
    fleet = "healthy";
    await blocks(keeper, GOOD_BLOCKS);
    fleet = "no-quorum";
    await blocks(keeper, 1);
    ms += 59_999;
    await blocks(keeper, 1);
    expect(await state()).to.equal("pause");
    ms += 1;
    await blocks(keeper, 1);
    expect(await state()).to.equal("kill");
    fleet = "healthy";
    await blocks(keeper, GOOD_BLOCKS * 3);
    expect(await state()).to.equal("kill");
  });

  it("CTRL-6: another policy in force than the one of the process kills", async () => {
    let inForce: string | undefined;
    const keeper = automatic(policyCondition(() => Promise.resolve(inForce), "0x01"));
    await blocks(keeper, 1);
    inForce = "0x01";
    await blocks(keeper, 1);
    expect(await state()).to.equal("run");
    inForce = "0x02";
    await blocks(keeper, 1);
    expect(await state()).to.equal("kill");
  });

  it("CTRL-6: a tripwire kills once, so that the run of an operator stays", async () => {
    const wire = new Tripwire("unauthorized");
    const keeper = automatic(wire);
    await blocks(keeper, 1);
    wire.trip("AccessControlUnauthorizedAccount");
    wire.trip("later");
    await blocks(keeper, 1);
    expect(await control.read()).to.deep.include({
      state: "kill",
      reason: "unauthorized: AccessControlUnauthorizedAccount",
    });
    await control.order({ state: "run", reason: "role given back", cause: "operator" });
    await blocks(keeper, 2);
    expect(await state()).to.equal("run");
  });

  it("pauses without gas and knows which reverts mean that a role is gone", async () => {
    let balanceWei = 9n;
    const keeper = automatic(gasCondition(() => Promise.resolve(balanceWei), 10n));
    await blocks(keeper, 1);
    expect(await state()).to.equal("pause");
    balanceWei = 10n;
    await blocks(keeper, GOOD_BLOCKS);
    expect(await state()).to.equal("run");
    expect(isUnauthorized({ name: "AccessControlUnauthorizedAccount" })).to.equal(true);
    expect(isUnauthorized({ name: "NoAction" })).to.equal(false);
  });
});
