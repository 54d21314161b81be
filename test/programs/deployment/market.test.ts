/** The market of the position manager, with both real programs in place. Each test goes on where the one before it ended. */
import { existsSync } from "node:fs";

import type { Address, Instruction } from "@solana/kit";
import { expect } from "chai";

import { PositionAddresses, VaultAddresses } from "../../../protocol/solana/addresses.js";
import { TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { VaultInstructions } from "../../../protocol/solana/instructions.js";
import { MarketInstructions } from "../../../protocol/solana/marketInstructions.js";
import { readSolanaRecord, type LoadedSolanaParams } from "../../../protocol/solana/network.js";
import { LOCAL_PROGRAM_IDS } from "../../../protocol/solana/programKeys.js";
import { collateralStatus } from "../../../scripts/deploy/solana/status.js";
import { marketOf, type FoundMarket } from "../../../scripts/deploy/solana/state.js";
import { absentAccount } from "../../../scripts/validator/absentAccount.js";
import { describeWith } from "../../helpers/describeWith.js";
import { codeOf } from "../../helpers/rejection.js";
import { testSigner } from "../../helpers/solana.js";
import { DeploymentRig, localMarket, type MarketFile } from "../../helpers/solanaDeployment.js";
import { createMintInstructions, mintBytes } from "../../helpers/solanaVault/mints.js";

const MANAGER = LOCAL_PROGRAM_IDS["position-manager"] as Address;
const STRANGER = "So11111111111111111111111111111111111111112";
const TOKENS = TOKEN_PROGRAM as Address;
const DAY_SECONDS = 86_400n;
const NO_CAP = 2n ** 64n - 1n;

class Killed extends Error {}

describeWith("ownCluster", "deployment of a market", () => {
  const make = new MarketInstructions();
  let rig: DeploymentRig;
  let admin: Address;

  before(async () => {
    rig = await DeploymentRig.start();
    await rig.preload("collateral-vault");
    await rig.preload("position-manager");
    admin = rig.hands.deployer.address;
    meant();
  });
  after(() => rig.stop());

  /** Writes the parameters with the committed market, changed. */
  const meant = (change: (market: MarketFile) => void = () => undefined): LoadedSolanaParams =>
    rig.setParams((params) => {
      params.market = localMarket();
      change(params.market);
    });
  /** Differences between cluster and parameters; the record names other parameters meanwhile. */
  const findings = async (): Promise<readonly string[]> =>
    (await rig.verify()).filter((line) => line !== "RECORD_CHANGED record.params");
  const market = async (): Promise<FoundMarket> => {
    const found = await marketOf(rig.chain(), MANAGER);
    if (found === undefined) throw new Error("no market");
    return found;
  };
  const send = (instruction: Instruction): Promise<void> =>
    rig.chain().send("test", [instruction], [rig.hands.deployer]);
  const passDay = (): void => {
    rig.node.jumpTo(rig.node.now + DAY_SECONDS);
    rig.node.advance(2);
  };

  it("is a dry run by default", async () => {
    const { transactions, differences } = await rig.dryRun();
    expect(transactions).to.equal(0);
    expect(differences.map(({ code }) => code)).to.deep.equal([
      ...["AUTHORITY_MISSING", "MARKET_MISSING", "REGISTRATION_MISSING"],
    ]);
    expect(existsSync(rig.recordFile)).to.equal(false);
  });

  it("wants the key of the house's owner", async () => {
    const strange = { ...rig.hands, house: () => testSigner(7) };
    expect(await codeOf(rig.deploy(strange))).to.equal("WRONG_HOUSE_KEY");
    expect(await marketOf(rig.chain(), MANAGER)).to.equal(undefined);
  });

  it("goes on after a kill on either side of it", async () => {
    let kills = 0;
    const afterSend = (): void => {
      throw new Killed();
    };
    while ((await rig.dryRun()).differences.length > 0) {
      const thrown: unknown = await rig.deploy(rig.hands, { afterSend }).catch((error: unknown) => error);
      expect(thrown).to.be.instanceOf(Killed);
      rig.node.advance(4);
      kills += 1;
    }
    expect(kills, "the market, the registration").to.equal(2);
    const { transactions, differences } = await rig.deploy();
    expect({ transactions, differences }).to.deep.equal({ transactions: 0, differences: [] });
    const intent = meant().params.market;
    if (intent === null) throw new Error("no market is meant");
    const { market: account, price, address } = await market();
    expect(account.params).to.deep.equal(intent.params);
    const houseVault = await new VaultAddresses().vault(intent.houseOwner);
    expect(account).to.include({ admin: intent.admin, houseVault });
    expect(price.authority).to.equal(intent.priceAuthority);
    expect(readSolanaRecord("solana-localnet", rig.root)?.market).to.equal(address);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("compares every parameter", async () => {
    const names = Object.keys((await market()).market.params);
    expect(Object.keys(localMarket().params).sort()).to.deep.equal(names.toSorted());
    meant(({ params }) => {
      for (const [name, value] of Object.entries(params)) {
        params[name] = typeof value === "number" ? value + 1 : String(BigInt(value) + 1n);
      }
    });
    expect(await findings()).to.have.members(names.map((name) => `MARKET_PARAM_CHANGED market.${name}`));
    meant(({ params }) => (params["entrySpreadBps"] = 6));
    expect(await findings()).to.deep.equal(["MARKET_PARAM_CHANGED market.entrySpreadBps"]);
  });

  it("compares every role", async () => {
    meant((changed) => Object.assign(changed, { admin: STRANGER, houseOwner: STRANGER, priceAuthority: MANAGER }));
    expect(await findings()).to.deep.equal([
      "ADMIN_CHANGED market.admin",
      "PRICE_AUTHORITY_CHANGED market.price_authority",
      "MARKET_HOUSE_CHANGED market.house_vault",
    ]);
    meant();
    const { houseVault } = (await market()).market;
    await send(await make.proposeRole(admin, houseVault, "admin", STRANGER as Address));
    expect(await findings()).to.deep.equal(["ROLE_PENDING market.admin"]);
    await send(await make.proposeRole(admin, houseVault, "admin", "11111111111111111111111111111111" as Address));
    expect(await findings()).to.deep.equal([]);
  });

  it("shows how it stands", async () => {
    const status = async () => (await collateralStatus(rig.chain(), meant())).market;
    expect(await status()).to.deep.include({
      ...{ state: "open", admin, price: null, positions: 0n, pendingParams: null, collaterals: [] },
      params: meant().params.market?.params,
    });
    await send(await make.setPaused(admin, true));
    expect((await status())?.state).to.equal("paused");
  });

  it("sets what tightens at once, and lets what loosens wait its day", async () => {
    meant(({ params }) => (params["minSize"] = "11"));
    expect(await rig.deploy()).to.deep.include({ transactions: 1, remaining: [] });
    expect((await market()).market.params.minSize).to.equal(11n);
    meant();
    const { transactions, remaining } = await rig.deploy();
    expect(transactions).to.equal(1);
    expect(remaining.map(({ code, id }) => `${code} ${id}`)).to.deep.equal(["MARKET_PARAM_PENDING market.minSize"]);
    const { market: shown } = await collateralStatus(rig.chain(), meant());
    expect([shown?.params.minSize, shown?.pendingParams?.params.minSize]).to.deep.equal([11n, 10n]);
    expect((await rig.deploy()).transactions, "it is left to wait").to.equal(0);
    passDay();
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("takes back what waits and nobody means", async () => {
    const { params } = meant().params.market ?? {};
    if (params === undefined) throw new Error("no market");
    await send(await make.setParams(admin, { ...params, priceMaxAgeSeconds: 61 }));
    expect(await findings()).to.deep.equal(["MARKET_PARAM_CHANGED market.priceMaxAgeSeconds"]);
    expect(await rig.deploy()).to.deep.include({ transactions: 1, remaining: [] });
    passDay();
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("lists a mint once the house has a balance and a lock, and leaves a closed one closed", async () => {
    const { deployer } = rig.hands;
    const mint = await testSigner(11);
    const rent = rig.node.minimumBalanceForRentExemption(BigInt(mintBytes({})));
    await rig.chain().send("mint", createMintInstructions(admin, mint.address, admin, rent), [deployer, mint]);
    meant(({ collaterals }) => collaterals.push(mint.address));
    const alone = await rig.deploy();
    expect(alone.transactions).to.equal(0);
    expect(alone.remaining.map(({ code, id }) => `${code} ${id}`)).to.deep.equal([
      `COLLATERAL_MISSING market.${mint.address}`,
    ]);
    const house = await rig.hands.house();
    const vaults = new VaultInstructions();
    const ref = { address: mint.address, tokenProgram: TOKENS, decimals: 6 };
    const at = { vault: { owner: house.address }, mint: ref };
    const opening = [
      await vaults.openBalance(at, admin),
      await vaults.createProgramLock({ ...at, consumer: MANAGER }, NO_CAP, admin),
    ];
    await rig.chain().send("house", opening, [deployer, house]);
    expect(await rig.deploy()).to.deep.include({ transactions: 1, remaining: [] });
    expect(await rig.verify()).to.deep.equal([]);
    const [collateral] = (await collateralStatus(rig.chain(), meant())).market?.collaterals ?? [];
    expect(collateral).to.include({ mint: mint.address, state: "waiting", badDebtUnits: 0n, houseAsks: null });
    meant();
    expect(await findings()).to.deep.equal([`COLLATERAL_EXTRA market.${mint.address}`]);
    await send(await make.setCollateralOpen(admin, mint.address, false));
    expect(await findings()).to.deep.equal([]);
    meant(({ collaterals }) => collaterals.push(mint.address));
    expect(await findings()).to.deep.equal([`COLLATERAL_CLOSED market.${mint.address}`]);
    expect((await rig.deploy()).transactions).to.equal(0);
    meant();
  });

  it("says that there is one which nobody means", async () => {
    rig.setParams(() => undefined);
    expect(await findings()).to.deep.equal(["MARKET_EXTRA market"]);
    meant();
  });

  it("cannot be made by the deployer once the upgrade authority is another's", async () => {
    const heir = LOCAL_PROGRAM_IDS["collateral-vault"];
    rig.setParams((params) => {
      params.market = localMarket();
      params.roles["upgradeAuthority"] = heir;
    });
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    const { node } = rig;
    node.setAccount(absentAccount(await new PositionAddresses().market()));
    node.advance(2);
    const { transactions, remaining } = await rig.deploy();
    expect(transactions).to.equal(0);
    expect(remaining.map(({ code, by }) => ({ code, by }))).to.deep.equal([{ code: "MARKET_MISSING", by: heir }]);
  });
});
