import { expect } from "chai";

import type { TbtcRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { FollowUp, Position } from "../../../../keepers/courtesy-call-redeemer/types.js";
import {
  FEE_BUMP_SECONDS,
  PROOF_TIMEOUT_SECONDS,
  SIGNATURE_TIMEOUT_SECONDS,
} from "../../../../protocol/tbtc/constants.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import { codeOf } from "../../../helpers/rejection.js";
import { startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";

const LOT_SAT = 10_000_000n;
const FEE_SAT = 20_000n;
const CALLABLE = 2_666n * 10n ** 13n;

describe("courtesy-call-redeemer, what a redemption of tBTC v1 leaves to do", () => {
  let site: TbtcNode;
  let rescue: TbtcRescue;
  let deposit: Deposit;
  let requested: { readonly hash: string; readonly at: bigint };

  before(async () => {
    site = await startTbtcNode();
    const { scenario, roles } = site;
    deposit = await scenario.open({ lotSat: LOT_SAT });
    await scenario.giveTbtc(roles.redeemer, satToTbtcWei(LOT_SAT));
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    const { hash } = await scenario.requestRedemption(deposit, { from: roles.redeemer, feeSat: FEE_SAT });
    requested = { hash, at: (await site.block()).timestamp };
    await site.mine(2);
  });
  beforeEach(async () => {
    await site.keep();
    ({ rescue } = site.rescue());
  });
  afterEach(() => site.giveBack());
  after(() => site.close());

  function left(hash = requested.hash): Promise<readonly FollowUp[]> {
    const { address, members, lotSat } = deposit;
    const position: Position = { id: address.toLowerCase(), operators: members, sizeUnits: satToTbtcWei(lotSat) };
    return rescue.settle(position, hash);
  }

  async function times(hash?: string): Promise<(readonly [string, bigint])[]> {
    return (await left(hash)).map(({ kind, dueAt }) => [kind, (dueAt ?? 0n) - requested.at] as const);
  }

  it("TBTC-17 a signature in two hours, a higher fee from four, a proof in six, after the block of the request", async () => {
    expect(await times()).to.deep.equal([
      ["signature", SIGNATURE_TIMEOUT_SECONDS],
      ["fee-bump", FEE_BUMP_SECONDS],
      ["proof", PROOF_TIMEOUT_SECONDS],
    ]);
  });

  it("TBTC-17 no signature once there is one, and nothing once it is proven", async () => {
    await site.scenario.provideSignature(deposit);
    expect(await times()).to.deep.equal([
      ["fee-bump", FEE_BUMP_SECONDS],
      ["proof", PROOF_TIMEOUT_SECONDS],
    ]);
    await site.scenario.proveRedemption(deposit);
    expect(await left()).to.deep.equal([]);
  });

  it("TBTC-17 a raised fee starts the clock again, whoever raised it, for every transaction of the redemption", async () => {
    const { scenario, chain } = site;
    await scenario.provideSignature(deposit);
    await chain.advance(FEE_BUMP_SECONDS);
    const { hash } = await scenario.increaseFee(deposit, FEE_SAT, 2n * FEE_SAT);
    const later = (await site.block()).timestamp - requested.at;
    for (const transaction of [requested.hash, hash]) {
      expect(await times(transaction)).to.deep.equal([
        ["signature", later + SIGNATURE_TIMEOUT_SECONDS],
        ["fee-bump", later + FEE_BUMP_SECONDS],
        ["proof", later + PROOF_TIMEOUT_SECONDS],
      ]);
    }
  });

  it("TBTC-17 nothing after a liquidation", async () => {
    await site.scenario.timeOutSignature(deposit.address);
    expect(await left()).to.deep.equal([]);
  });

  it("TBTC-17 nothing for a transaction that failed or requested nothing, and no answer for one that is not mined", async () => {
    const { scenario, roles } = site;
    const [failed] = await site.batch(roles.rival, [
      { to: deposit.address, data: "0x12345678", valueWei: 0n, gas: 100_000n },
    ]);
    expect([failed?.ok, await left(failed?.hash)]).to.deep.equal([false, []]);
    const other = await scenario.chain.send({ from: roles.user, to: roles.rival, valueWei: 1n });
    expect(await left(other.hash)).to.deep.equal([]);
    expect(await codeOf(left(`0x${"ab".repeat(32)}`))).to.equal("TBTC_NOT_MINED");
  });
});
