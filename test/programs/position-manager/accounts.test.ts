/** Every account of every instruction, replaced by every kind of wrong one. */
import { isSignerRole, isWritableRole, type Address, type Instruction } from "@solana/kit";
import { expect } from "chai";

import { SYSTEM_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { absentAccount } from "../../../scripts/validator/absentAccount.js";
import { describeWith } from "../../helpers/describeWith.js";
import { DAY, FIRST_PRICE, PARAMS, PositionExchange, TOKEN_NANO, type Member } from "../../helpers/positionExchange.js";
import { keyOf } from "../../helpers/solanaVault/svm.js";

type Name = Parameters<typeof positionProgram.accountNames>[0];

/** An instruction that succeeds, and what leads to the state in which it does. */
interface Good {
  readonly name: Name;
  readonly make: () => Instruction | Promise<Instruction>;
  readonly prepare?: () => Promise<unknown>;
}

/** Accounts that may be any wallet that signs. */
const ANY_WALLET = new Set(["initializeMarket.payer"]);

describeWith("ownCluster", "position manager: accounts", () => {
  let exchange: PositionExchange;
  let alice: Member;
  let bob: Member;
  let carol: Member;
  let keeper: Member;
  let otherHouse: Member;
  let start: Uint8Array;
  /** Accounts that exist and belong elsewhere. */
  let wrong: readonly Address[];
  const run: string[] = [];
  const logs: string[] = [];

  before(async () => {
    exchange = await PositionExchange.create();
    alice = await exchange.trader("alice");
    bob = await exchange.trader("bob");
    carol = await exchange.trader("carol");
    keeper = await exchange.trader("keeper", 10n);
    const { rig } = exchange;
    otherHouse = await exchange.member("house", await rig.mint(), 10n);
    const other = await rig.consumer("another program");
    const otherRegistration = await rig.register(other);
    await exchange.refreshPrice();
    await exchange.openFor(alice, true, 100n, exchange.units(300n));
    await exchange.openFor(bob, false, 100n, exchange.units(900n));
    start = rig.snapshot();
    wrong = [
      (await keyOf("nobody")).address,
      (await rig.wallet("stranger")).address,
      ...[carol.vault, carol.balance, carol.programLock, carol.tokens, bob.position],
      ...[otherHouse.balance, otherHouse.programLock, otherHouse.mint.address],
      ...[otherRegistration, other.collateralAuthority, other.programData],
    ];
  });

  const loses = () => exchange.walkPrice((75n * TOKEN_NANO) / 10n);
  const good: readonly Good[] = [
    {
      name: "initializeMarket",
      make: () => exchange.initializeMarket(exchange.house.wallet),
      prepare: () => {
        for (const address of [exchange.market, exchange.price]) exchange.rig.svm.setAccount(absentAccount(address));
        return Promise.resolve();
      },
    },
    { name: "addCollateral", make: () => exchange.addCollateral(otherHouse) },
    { name: "setCollateralOpen", make: () => exchange.setCollateralOpen(exchange.mint.address, false) },
    {
      name: "setPrice",
      make: () => exchange.setPriceAt(FIRST_PRICE, exchange.rig.now),
      prepare: () => {
        exchange.rig.warp(1n);
        return Promise.resolve();
      },
    },
    { name: "openPosition", make: () => exchange.open(carol, true, 100n, exchange.units(300n)) },
    { name: "increasePosition", make: () => exchange.increase(bob, 10n, 1n, 0n) },
    { name: "addMargin", make: () => exchange.addMargin(bob, 1n) },
    { name: "removeMargin", make: () => exchange.removeMargin(bob, 1n) },
    { name: "settlePosition", make: () => exchange.settle(alice), prepare: loses },
    { name: "liquidate", make: () => exchange.liquidate(alice, keeper), prepare: loses },
    {
      name: "lockHouse",
      make: () => exchange.ofHouse("lockHouse", 1n),
      prepare: async () => {
        await loses();
        await exchange.must("settle", [exchange.settle(alice)], alice.wallet);
      },
    },
    { name: "requestHouseUnlock", make: () => exchange.ofHouse("requestHouseUnlock", 1n) },
    {
      name: "unlockHouse",
      make: () => exchange.ofHouse("unlockHouse", 1n),
      prepare: async () => {
        const request = exchange.ofHouse("requestHouseUnlock", 1n);
        await exchange.must("requestHouseUnlock", [request], exchange.house.wallet);
        exchange.rig.warp(DAY);
      },
    },
    { name: "setParams", make: () => exchange.setParams({ ...PARAMS, minSize: 11n }) },
    { name: "setPaused", make: () => exchange.setPaused(true) },
    { name: "proposeRole", make: () => exchange.proposeRole("priceAuthority", carol.wallet.address) },
    {
      name: "acceptRole",
      make: () => exchange.acceptRole("admin", carol.wallet.address),
      prepare: async () => {
        await exchange.must(
          "propose",
          [await exchange.proposeRole("admin", carol.wallet.address)],
          exchange.roles.admin,
        );
        exchange.rig.warp(DAY);
      },
    },
  ];

  for (const { name, make, prepare } of good) {
    it(`POS-21 ${name} takes no other account in any place`, async () => {
      exchange.rig.restore(start);
      await prepare?.();
      const instruction = await make();
      const accounts = instruction.accounts ?? [];
      const names = positionProgram.accountNames(name);
      const ready = exchange.rig.snapshot();
      const succeeded: string[] = [];
      const unnamed: string[] = [];
      const attempt = async (place: number, address: Address, what: string): Promise<void> => {
        const original = accounts[place];
        if (original === undefined || address === original.address) return;
        // the runtime itself refuses a program that is called and written
        if (address === positionProgram.id && isWritableRole(original.role)) return;
        const replaced = accounts.map((meta, at) => (at === place ? { ...meta, address } : meta));
        const signing = replaced.filter(({ role }) => isSignerRole(role)).map((meta) => meta.address);
        const sent = await exchange.rig.send([{ ...instruction, accounts: replaced }], { as: signing });
        const label = `${name}.${names[place] ?? "?"} = ${what}`;
        if (sent.ok) {
          if (!ANY_WALLET.has(`${name}.${names[place] ?? "?"}`)) succeeded.push(label);
          exchange.rig.restore(ready);
        } else if (sent.error === undefined || sent.error === "Unknown") {
          unnamed.push(`${label}: ${sent.logs.slice(-1).join("")}`);
        }
      };
      for (const [place, { address: own, role }] of accounts.entries()) {
        if (own === exchange.access.collateralAuthority)
          expect(isSignerRole(role), "POS-22: no one else signs for it").to.equal(false);
        for (const address of wrong) await attempt(place, address, address);
        for (const [at, { address }] of accounts.entries()) await attempt(place, address, names[at] ?? "?");
        const forged = await forge(own);
        if (forged !== undefined) await attempt(place, forged, "a copy that belongs to another program");
      }
      expect(succeeded).to.deep.equal([]);
      expect(unnamed).to.deep.equal([]);
      exchange.rig.restore(ready);
      const signing = accounts.filter(({ role }) => isSignerRole(role)).map(({ address }) => address);
      const sent = await exchange.rig.send([instruction], { as: signing });
      expect(sent.error, "it works with its own accounts").to.equal(undefined);
      run.push(name);
      logs.push(...sent.logs);
    });
  }

  /** The same data at another address, under another program. */
  async function forge(address: Address): Promise<Address | undefined> {
    const account = exchange.rig.svm.getAccount(address);
    if (!account.exists || account.executable || account.data.length === 0) return undefined;
    const forged = (await keyOf(`copy of ${address}`)).address;
    exchange.rig.svm.setAccount({ ...account, address: forged, programAddress: carol.wallet.address });
    return forged;
  }

  it("covers every instruction", () => {
    const all = positionProgram.idl.instructions.map(({ name }) => name);
    expect([...new Set<string>(run)].sort()).to.deep.equal([...all].sort());
  });

  it("POS-22 calls the vault and nobody else with its collateral authority", () => {
    const called = logs.flatMap((line) => /^Program (\w+) invoke \[2\]$/.exec(line)?.[1] ?? []);
    // the system program creates accounts; the collateral authority is in no instruction that does
    expect([...new Set(called)].sort()).to.deep.equal([SYSTEM_PROGRAM, vaultProgram.id].sort());
    expect(
      called.filter((id) => id === vaultProgram.id),
      "4 locks, 4 unlocks, 3 transfers",
    ).to.have.length(11);
  });
});
