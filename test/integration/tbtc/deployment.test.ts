import { expect } from "chai";

import { DepositState } from "../../../protocol/tbtc/states.js";
import { REFERENCE_LOTS_SAT } from "../../../scripts/tbtc/deploy.js";
import { createTbtcChain, type TbtcChain } from "../../helpers/tbtcChain.js";

const BTC_SAT = 100_000_000n;

describe("tBTC v1, deployed from its published code", () => {
  let site: TbtcChain;

  before(async () => {
    site = await createTbtcChain();
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  it("offers the lots asked for without a cap on the supply", async () => {
    const { system, vendingMachine } = site.scenario.contracts;
    expect(await system.getAllowedLotSizes()).to.deep.equal(REFERENCE_LOTS_SAT);
    expect(await vendingMachine.canMint(20_000_000n * 10n ** 18n)).to.equal(true);
  });

  it("brings a deposit of 1 BTC through every state of its minting", async () => {
    const { scenario, roles } = site;
    const deposit = await scenario.create({ lotSat: BTC_SAT });
    expect(await scenario.state(deposit.address)).to.equal(DepositState.AWAITING_SIGNER_SETUP);
    expect(deposit.members).to.have.length(3);
    expect(await scenario.contracts.keep(deposit.keep).getOwner()).to.equal(deposit.address);
    await scenario.publishKey(deposit);
    expect(await scenario.state(deposit.address)).to.equal(DepositState.AWAITING_BTC_FUNDING_PROOF);
    await scenario.fund(deposit);
    expect(await scenario.state(deposit.address)).to.equal(DepositState.ACTIVE);
    expect(await scenario.contracts.keep(deposit.keep).checkBondAmount()).to.equal(46_875n * 10n ** 15n);
    await scenario.mint(deposit);
    // The funder gets the lot less the signer fee of 0.05 %, which waits in the deposit.
    expect(await scenario.contracts.token.balanceOf(roles.deployer)).to.equal(9_995n * 10n ** 14n);
    expect(await scenario.contracts.token.balanceOf(deposit.address)).to.equal(5n * 10n ** 14n);
  });
});
