import { expect } from "chai";

import type { Database } from "../../../../db/database.js";
import { runChecks } from "../../../../keepers/kit/doctor.js";
import { adoptPolicy, policyCheck } from "../../../../keepers/kit/policy/acceptance.js";
import { policyHash } from "../../../../keepers/kit/policy/canonical.js";
import type { Policy } from "../../../../keepers/kit/policy/types.js";
import { CantileverError } from "../../../../protocol/errors.js";
import { stabilizerFixture } from "../../../helpers/policyFixtures.js";
import { usePostgres } from "../../../helpers/postgres.js";

const STRICT = { named: undefined, local: false };

describe("keepers/kit/policy/acceptance, on PostgreSQL", () => {
  const postgres = usePostgres();
  const policy = stabilizerFixture();
  const looser: Policy = { ...policy, perDay: { ...policy.perDay, cUSDC: 10n ** 18n }, rules: policy.rules.slice(1) };
  let db: Database;
  beforeEach(async () => {
    db = (await postgres.testDatabase()).connect({ role: "keeper_rw" });
  });

  const look = async (candidate: Policy, consent = STRICT) => {
    const [check] = await runChecks([policyCheck(() => candidate, db, consent)]);
    return check;
  };
  const adopt = async (
    candidate: Policy,
    consent: { named: string | undefined; local: boolean } = STRICT,
  ): Promise<string> => {
    try {
      await adoptPolicy(candidate, db, consent);
    } catch (error) {
      if (error instanceof CantileverError) return error.code;
      throw error;
    }
    return "in force";
  };
  const history = async () =>
    (await db.query<{ accepted: string }>("SELECT accepted FROM keeper_policy ORDER BY id")).map((row) => row.accepted);

  it("SIGN-17 takes the first policy, and refuses a changed one until it is named", async () => {
    expect((await look(policy))?.ok).to.equal(true);
    expect(await history()).to.deep.equal([]); // looking changes nothing
    expect(await adopt(policy)).to.equal("in force");
    expect(await adopt(policy)).to.equal("in force");
    const refused = await look(looser);
    expect(refused?.ok).to.equal(false);
    expect(refused?.found).to.include("perDay").and.to.include("Stabilizer.executePrivateSwap");
    expect(await adopt(looser)).to.equal("POLICY_CHANGED");
    expect(await adopt(looser, { named: policyHash(policy), local: false })).to.equal("POLICY_CHANGED");
    expect(await adopt(looser, { named: policyHash(looser).toUpperCase().replace("0X", "0x"), local: false })).to.equal(
      "in force",
    );
    expect((await look(looser))?.ok).to.equal(true);
    // Naming one policy does not bring an older one back.
    expect(await adopt(policy, { named: policyHash(looser), local: false })).to.equal("POLICY_CHANGED");
    expect(await history()).to.deep.equal(["first", "named"]);
  });

  it("SIGN-17 keeps roles and chains apart, and asks nobody on a local chain", async () => {
    expect(await adopt(policy)).to.equal("in force");
    expect(await adopt({ ...looser, role: "other" })).to.equal("in force");
    expect(await adopt({ ...looser, chainId: "651940" })).to.equal("in force");
    expect(await adopt(looser, { named: undefined, local: true })).to.equal("in force");
    expect(await history()).to.deep.equal(["first", "first", "first", "local"]);
  });

  it("SIGN-17 lets one of two processes that start together with different policies begin", async () => {
    const outcomes = await Promise.all([policy, looser, policy, looser].map((candidate) => adopt(candidate)));
    const begun = await db.query<{ hash: string }>("SELECT policy_hash AS hash FROM keeper_policy");
    expect(outcomes.filter((outcome) => outcome === "in force").length).to.be.greaterThan(0);
    expect(begun.length).to.be.greaterThan(0);
    expect(begun).to.have.length(1);
    const hashes = [policy, looser, policy, looser].map(policyHash);
    expect(hashes.filter((hash, index) => outcomes[index] === "in force" && hash !== begun[0]?.hash)).to.deep.equal([]);
  });

  it("SIGN-17 changes no line of the history", async () => {
    await adopt(policy);
    for (const sql of ["UPDATE keeper_policy SET policy = '{}'", "DELETE FROM keeper_policy"]) {
      const code = await db.query(sql).then(
        () => "allowed",
        (error: unknown) => (error instanceof CantileverError ? error.code : String(error)),
      );
      expect(code).to.equal("DB_REFUSED");
    }
  });
});
