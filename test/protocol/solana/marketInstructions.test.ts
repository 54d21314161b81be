import type { Address, KeyPairSigner } from "@solana/kit";
import { expect } from "chai";

import { ZERO_ADDRESS } from "../../../protocol/solana/instructions.js";
import { MarketInstructions } from "../../../protocol/solana/marketInstructions.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { absentAccount } from "../../../scripts/validator/absentAccount.js";
import { describeWith } from "../../helpers/describeWith.js";
import { DAY, PARAMS, PositionExchange, type Member } from "../../helpers/positionExchange.js";
import { signersOf } from "../../helpers/solanaVault/stage.js";

/** Every builder, where its instruction succeeds: an account that was derived wrongly would fail it. */
describeWith("ownCluster", "instructions of a market", () => {
  const make = new MarketInstructions();
  const built = new Set<string | undefined>();
  let exchange: PositionExchange;
  let house: Member;
  let admin: Address;
  let next: KeyPairSigner;

  const works = async (instruction: Promise<FullInstruction>): Promise<void> => {
    const made = await instruction;
    await exchange.rig.must([made], { as: signersOf(made) });
    built.add(positionProgram.instructionName(made.data));
  };
  const ofHouse = () => ({ owner: house.wallet.address, mint: house.mint });

  before(async () => {
    exchange = await PositionExchange.bare();
    const { rig, market, price, roles } = exchange;
    admin = roles.admin.address;
    next = await rig.wallet("next");
    exchange.mint = await rig.mint();
    house = await exchange.member("house", exchange.mint, 100n);
    exchange.house = house;
    for (const account of [market, price]) rig.svm.setAccount(absentAccount(account));
  });
  after(() => {
    expect([...built].sort()).to.deep.equal(
      [
        ...["initializeMarket", "addCollateral", "setCollateralOpen", "setParams", "setPaused"],
        ...["proposeRole", "acceptRole", "lockHouse", "requestHouseUnlock", "unlockHouse"],
      ].sort(),
    );
  });

  it("make it and list its mints", async () => {
    const { roles, payer } = exchange.rig;
    const priceAuthority = exchange.roles.priceAuthority.address;
    const signers = { upgradeAuthority: roles.upgradeAuthority.address, houseOwner: house.wallet.address };
    await works(make.initialize({ admin, priceAuthority, params: PARAMS }, { ...signers, payer: payer.address }));
    expect(exchange.marketNow()).to.include({ admin, houseVault: house.vault });
    expect(exchange.priceAccount().authority).to.equal(priceAuthority);
    await works(make.addCollateral(admin, house.vault, house.mint.address));
    expect(exchange.collateralNow()).to.include({ houseBalance: house.balance, houseLock: house.programLock });
    await works(make.setCollateralOpen(admin, house.mint.address, false));
    expect(exchange.collateralNow().activeAt).to.equal((1n << 63n) - 1n);
  });

  it("set it", async () => {
    await works(make.setParams(admin, { ...PARAMS, minSize: 11n }));
    expect(exchange.marketNow().params.minSize).to.equal(11n);
    await works(make.setPaused(admin, true));
    expect(exchange.marketNow().pausedUntil).to.equal((1n << 63n) - 1n);
  });

  it("lock what the house pays from, and give it back", async () => {
    await works(make.lockHouse(ofHouse(), 70n));
    await works(make.requestHouseUnlock(ofHouse(), 50n));
    exchange.rig.warp(DAY);
    await works(make.unlockHouse(ofHouse(), 50n));
    expect(exchange.lockOf(house)).to.equal(20n);
  });

  it("change its roles", async () => {
    for (const role of ["priceAuthority", "admin"] as const) {
      const holder = role === "admin" ? next.address : (await exchange.rig.wallet("publisher")).address;
      await works(make.proposeRole(admin, house.vault, role, holder));
      exchange.rig.warp(DAY);
      await works(make.acceptRole(role, holder));
    }
    expect(exchange.marketNow().admin).to.equal(next.address);
    await works(make.proposeRole(next.address, house.vault, "priceAuthority", ZERO_ADDRESS));
    expect(exchange.priceAccount().authority).to.equal(ZERO_ADDRESS);
  });
});
