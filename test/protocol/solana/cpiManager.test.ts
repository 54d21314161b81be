import type { Address } from "@solana/kit";
import { expect } from "chai";

import { RevertError } from "../../../protocol/errors.js";
import { collateralAuthorityAddress } from "../../../protocol/solana/addresses.js";
import { CpiManager } from "../../../protocol/solana/cpiManager.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { VaultManager } from "../../../protocol/solana/vaultManager.js";
import { describeWith } from "../../helpers/describeWith.js";
import { PositionExchange } from "../../helpers/positionExchange.js";
import { VaultNode } from "../../helpers/solanaVault/node.js";

const ANY_PRICE = (1n << 64n) - 1n;

describeWith("ownCluster", "cpi manager", () => {
  let exchange: PositionExchange;
  let node: VaultNode;
  let manager: CpiManager;
  let trader: Awaited<ReturnType<PositionExchange["trader"]>>;
  let payer: Address;

  before(async () => {
    exchange = await PositionExchange.create();
    trader = await exchange.trader("trader");
    payer = trader.wallet.address;
    node = await VaultNode.start(exchange.rig);
    manager = new CpiManager(node.rpc);
  });
  after(() => node.stop());

  const lockOf = () => ({ vault: { owner: payer }, mint: trader.mint, consumer: positionProgram.id });
  const reasonOf = async (work: Promise<unknown>): Promise<string> => {
    const error: unknown = await work.then(
      () => "it worked",
      (thrown: unknown) => thrown,
    );
    return error instanceof RevertError ? error.revertName : String(error);
  };

  it("tries calls of the vault program in the name of the program that will make them", async () => {
    const tried = await manager.tryCall(
      [await manager.vault.lock(lockOf(), 10n), await manager.vault.unlock(lockOf(), 4n)],
      payer,
    );
    expect(tried.events.map(({ name }) => name)).to.deep.equal(["locked", "unlocked"]);
    expect(tried.computeUnits > 0n).to.equal(true);
    const tooMuch = await manager.vault.lock(lockOf(), 1n << 60n);
    expect(await reasonOf(manager.tryCall([tooMuch], payer))).to.equal("InsufficientAvailable");
    const nothing = await manager.vault.transferCollateral(lockOf(), { owner: exchange.house.wallet.address }, 1n);
    expect(await reasonOf(manager.tryCall([nothing], payer))).to.equal("InsufficientLocked");
  });

  it("lists what a caller passes on, by name and in order", async () => {
    const accounts = manager.accountsOf(await manager.vault.lock(lockOf(), 1n));
    expect(accounts.map(({ name }) => name)).to.deep.equal(manager.vault.program.accountNames("lock"));
    const signing = accounts.filter(({ isSigner }) => isSigner).map(({ address }) => address);
    expect(signing).to.deep.equal([await collateralAuthorityAddress(positionProgram.id)]);
    expect(accounts.filter(({ isWritable }) => isWritable).map(({ name }) => name)).to.deep.equal([
      ...["balance", "programLock"],
    ]);
  });

  it("builds positions from opening to settling", async () => {
    const { position } = manager;
    const at = { owner: payer, mint: trader.mint };
    const { houseVault } = positionProgram.decodeAccount(
      "market",
      exchange.rig.data(await position.addresses.market()) ?? new Uint8Array(),
    );
    const margin = exchange.units(300n);
    const opening = await position.open(at, { isLong: true, size: 100n, margin, priceLimit: ANY_PRICE });
    await node.send(await manager.build([opening], payer, "open a position"), [trader.wallet]);
    const vaults = new VaultManager(node.rpc);
    const locked = async (): Promise<bigint | undefined> =>
      (await vaults.state(payer)).balances[0]?.account.lockedUnits;
    expect(await locked()).to.equal(margin);

    await node.send(await manager.build([await position.addMargin(at, 5n)], payer), [trader.wallet]);
    expect(await locked()).to.equal(margin + 5n);
    await node.send(await manager.build([await position.removeMargin(at, 5n)], payer), [trader.wallet]);
    const more = await position.increase(at, { size: 1n, margin: 0n, priceLimit: ANY_PRICE });
    await node.send(await manager.build([more], payer), [trader.wallet]);

    const healthy = await position.liquidate(at, houseVault, exchange.house.wallet.address);
    const refused = await reasonOf(manager.build([healthy], exchange.house.wallet.address, "liquidate"));
    expect(refused).to.equal("NotLiquidatable");

    const all = { size: 101n, priceLimit: 0n, maxUnpaid: 0n };
    await node.send(await manager.build([await position.settle(at, houseVault, all)], payer), [trader.wallet]);
    expect(await locked()).to.equal(0n);
  });

  it("builds what the house and the price authority do", async () => {
    const house = { owner: exchange.house.wallet.address, mint: exchange.mint };
    const asking = await manager.market.requestHouseUnlock(house, 1n);
    await node.send(await manager.build([asking], house.owner), [exchange.house.wallet]);
    const early = await manager.market.unlockHouse(house, 1n);
    expect(await reasonOf(manager.build([early], house.owner))).to.equal("StillWaiting");
    const { priceAuthority } = exchange.roles;
    const old = await manager.position.setPrice(priceAuthority.address, { price: 1n, publishedAt: 1n });
    expect(await reasonOf(manager.build([old], priceAuthority.address))).to.equal("StalePrice");
  });
});
